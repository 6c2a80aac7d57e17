#!/bin/sh
# run.sh [OUT] [SECONDS]   measures what a graphics card does, with nobody watching. Part of the kit of device-kit.sh.
#
# OUT      where results go, results/ beside this script if it is left out: one log and one JSON file a step, summary.txt
# SECONDS  most seconds a step may take, 180 if left out
# MODEL    (environment) the bundle to time, if not the kit's own
# CUDA     (environment) folders of CUDA's and cuDNN's libraries, with colons between, if they are in an unusual place
#
# Every step ends by itself: what cannot be done on this machine is said in its log and in summary.txt.
set -u
kit=$(cd "$(dirname "$0")" && pwd)
out=${1:-$kit/results}
limit=${2:-180}
mkdir -p "$out/natives"
out=$(cd "$out" && pwd)
model=${MODEL:-$kit/model}
[ -f "$model/config.json" ] && model=$(cd "$model" && pwd) || model=
cd "$kit" || exit 1
: >"$out/summary.txt"
say() { echo "$1" | tee -a "$out/summary.txt"; }

# CUDA and cuDNN lie in many places; Python's packages of NVIDIA among them.
folders=${CUDA:-}
python=$(python3 -c 'import glob, sys; print("\n".join(d for p in sys.path for d in sorted(glob.glob(p + "/nvidia/*/lib"))))' 2>/dev/null)
for folder in $python /usr/local/cuda/lib64 /usr/local/cuda/targets/x86_64-linux/lib /usr/local/nvidia/lib64 /usr/local/nvidia/lib; do
  [ ! -d "$folder" ] || folders=${folders:+$folders:}$folder
done
LD_LIBRARY_PATH=${folders}${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
export LD_LIBRARY_PATH
{
  date
  echo "LD_LIBRARY_PATH=$LD_LIBRARY_PATH"
  for library in libcudart.so.13 libcublas.so.13 libcublasLt.so.13 libcufft.so.12 libcudnn.so.9 libnvrtc.so.13 libcuda.so.1 libnvcuvid.so.1; do
    found=$(for folder in $(echo "$LD_LIBRARY_PATH" | tr : ' '); do ls "$folder/$library" 2>/dev/null; done | head -n 1)
    [ -n "$found" ] || found=$( (ldconfig -p || /sbin/ldconfig -p) 2>/dev/null | awk -v name="$library" '$1 == name { print $NF; exit }')
    echo "$library: ${found:-not found}"
  done
  uname -a
  cat /etc/os-release
  nproc
  df -h "$kit" "$out"
  (ldconfig -p || /sbin/ldconfig -p) 2>/dev/null
} >"$out/machine.log" 2>&1
grep ": not found" "$out/machine.log" | while read -r line; do say "library $line"; done

# The card's own counters while everything else runs: memory in use, and bytes over PCIe.
watcher=
if command -v nvidia-smi >/dev/null 2>&1 && timeout 20 nvidia-smi >"$out/nvidia-smi.log" 2>&1; then
  timeout 20 nvidia-smi -q >>"$out/nvidia-smi.log" 2>&1
  timeout 20 nvidia-smi --query-gpu=name,driver_version,memory.total --format=csv >"$out/card.csv" 2>&1
  nvidia-smi dmon -s tmu -d 1 -o T >"$out/card-counters.log" 2>&1 &
  watcher=$!
  say "card: $(tail -n 1 "$out/card.csv")"
else
  say "card: no device (nvidia-smi is not there or finds none); the rest is done on the processor"
fi

# A step that takes too long says where it stands (QUIT) before it is ended.
java() {
  timeout -s QUIT -k 5 "$limit" "$kit/runtime/bin/java" -Xmx4g -Djava.awt.headless=true \
    -XX:ErrorFile="$out/hs_err_%p.log" -XX:-CreateCoredumpOnCrash \
    -Dorg.bytedeco.javacpp.cachedir="$out/natives" \
    -Dmoviechat.bench.commit="$(cat commit.txt)" -Dmoviechat.onnxruntime.log=2 -Dmoviechat.bench.rounds=1 "$@"
}

# step NAME "PROPERTIES" ARGUMENTS OF benchmarks.jar
step() {
  name=$1
  properties=$2
  shift 2
  start=$(date +%s)
  date "+%T $name" >>"$out/steps.log"
  # shellcheck disable=SC2086 # properties have no spaces
  java $properties -jar benchmarks.jar "$@" --out "$out" --name "$name" >"$out/$name.log" 2>&1
  rc=$?
  seconds=$(($(date +%s) - start))
  case $rc in
    0) state=done ;;
    124 | 137) state="stopped after $limit s" ;;
    *) state="failed ($rc)" ;;
  esac
  # Everything that was left out because there is no device, in ONNX Runtime's or FFmpeg's own words.
  missing=$(grep -ci "no device\|is decoded in software" "$out/$name.log" || true)
  [ "$missing" = 0 ] || state="$state; no device for $missing of its parts"
  say "$name: $state, $seconds s"
  return $rc
}

if ! step device-models "-Dmoviechat.bench.fixtures=$kit/fixtures" llm -Pquick --filter 'LlmDevice$'; then
  # One bundle must not take the others with it: each in a process of its own.
  for bundle in "$kit"/fixtures/*/; do
    name=$(basename "$bundle")
    mkdir -p "$out/one-$name"
    ln -sfn "${bundle%/}" "$out/one-$name/$name"
    step "device-models-$name" "-Dmoviechat.bench.fixtures=$out/one-$name" llm -Pquick --filter 'LlmDevice$'
    rm -r "$out/one-$name"
  done
fi
# The same without TensorFloat-32, by which cards round the factors of float32 products to 10 bits.
NVIDIA_TF32_OVERRIDE=0 step device-models-float32 "-Dmoviechat.bench.fixtures=$kit/fixtures" llm -Pquick --filter 'LlmDevice$'
if [ -n "$model" ]; then
  step device-speed "-Dmoviechat.bench.model=$model" llm -Pquick --filter 'LlmDevice$'
  step device-watch "-Dmoviechat.bench.model=$model" llm -Pquick --filter 'LlmDeviceWatch$'
else
  say "device-speed: left out, there is no bundle to time (MODEL=FOLDER)"
  step device-watch "" llm -Pquick --filter 'LlmDeviceWatch$'
fi
step device-decoding "" video -Pquick --filter Hardware
step device-figure1 "" memory -Pquick --filter Figure1
step device-consolidation "" memory -Pquick --filter Consolidation
say "consolidation on the card: left out; nd4j-cuda needs CUDA 11.6's libraries, gigabytes that this kit does not carry"

if [ -n "$watcher" ]; then
  kill "$watcher" 2>/dev/null
  awk '/^#/ { sub(/^# */, ""); if (/(^| )fb( |$)/) for (i = 1; i <= NF; i++) if ($i == "fb") at = i; next }
       at && $at + 0 > most { most = $at + 0 }
       END { print "peak device memory: " most + 0 " MB" }' "$out/card-counters.log" | tee -a "$out/summary.txt"
  say "bytes over PCIe, second by second: card-counters.log (rxpci and txpci, MB/s)"
fi
rm -rf "$out/natives"
say "results: $out"
