#!/bin/sh
# run.sh [OUT] [SECONDS]   measures what a graphics card does, with nobody watching. Part of the kit of device-kit.sh.
#
# OUT      where results go, results/ beside this script if it is left out: one log and one JSON file a step, summary.txt
# SECONDS  most seconds a step may take, 180 if left out
#
# Every step ends by itself: what cannot be done on this machine is said in its log and in summary.txt.
set -u
kit=$(cd "$(dirname "$0")" && pwd)
out=${1:-$kit/results}
limit=${2:-180}
mkdir -p "$out"
out=$(cd "$out" && pwd)
cd "$kit" || exit 1
: >"$out/summary.txt"
say() { echo "$1" | tee -a "$out/summary.txt"; }

# The card's own counters while everything else runs: memory in use, and bytes over PCIe.
watcher=
if command -v nvidia-smi >/dev/null 2>&1 && nvidia-smi >"$out/nvidia-smi.log" 2>&1; then
  nvidia-smi --query-gpu=name,driver_version,memory.total --format=csv >"$out/card.csv" 2>&1
  nvidia-smi dmon -s tmu -d 1 -o T >"$out/card-counters.log" 2>&1 &
  watcher=$!
  say "card: $(tail -n 1 "$out/card.csv")"
else
  say "card: no device (nvidia-smi is not there or finds none); the rest is done on the processor"
fi

java() {
  timeout "$limit" "$kit/runtime/bin/java" -Xmx4g -Djava.awt.headless=true \
    -Dorg.bytedeco.javacpp.cachedir="$out/natives" \
    -Dmoviechat.bench.fixtures="$kit/fixtures" -Dmoviechat.bench.rounds=1 "$@"
}

step() { # NAME, then what benchmarks.jar is given
  name=$1
  shift
  start=$(date +%s)
  date "+%T $name" >>"$out/steps.log"
  java ${model:+"$model"} -jar benchmarks.jar "$@" --out "$out" --name "$name" >"$out/$name.log" 2>&1
  rc=$?
  seconds=$(($(date +%s) - start))
  case $rc in
    0) state=done ;;
    124) state="stopped after $limit s" ;;
    *) state="failed ($rc)" ;;
  esac
  # Everything that was left out because there is no device, in ONNX Runtime's or FFmpeg's own words.
  missing=$(grep -ci "no device\|is decoded in software" "$out/$name.log" || true)
  [ "$missing" = 0 ] || state="$state; no device for $missing of its parts"
  say "$name: $state, $seconds s"
}

model=
[ ! -d "$kit/model" ] || model=-Dmoviechat.bench.model=$kit/model

step device-models llm -Pquick --filter Device
step device-decoding video -Pquick --filter Hardware
step device-consolidation memory -Pquick --filter Consolidation
step device-figure1 memory -Pquick --filter Figure1
say "consolidation on the card: left out; nd4j-cuda needs CUDA 11.6's libraries, gigabytes that this kit does not carry"

if [ -n "$watcher" ]; then
  kill "$watcher" 2>/dev/null
  awk '/^#/ { sub(/^# */, ""); if (/(^| )fb( |$)/) for (i = 1; i <= NF; i++) if ($i == "fb") at = i; next }
       at && $at + 0 > most { most = $at + 0 }
       END { print "peak device memory: " most + 0 " MB" }' "$out/card-counters.log" | tee -a "$out/summary.txt"
  say "bytes over PCIe, second by second: card-counters.log (rxpci and txpci, MB/s)"
fi
say "results: $out"
