#!/usr/bin/env bash
# From nothing to a bundle: train.sh RUN_FOLDER [DECODER_MINUTES]
# Every stage goes on from what the run folder already holds.
set -euo pipefail
run=$1
minutes=${2:-180}
here=$(cd "$(dirname "$0")" && pwd)
python=${PYTHON:-/usr/bin/python3}
workers=${WORKERS:-2}
# Tensors of a few megabytes come and go every step: without these, each is fetched from the system page by page.
export MALLOC_MMAP_MAX_=0 MALLOC_TRIM_THRESHOLD_=8589934592 MALLOC_TOP_PAD_=268435456
export OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 MKL_NUM_THREADS=1
mkdir -p "$run/classes"
# The generator's drawing and question classes need nothing but the JDK.
world="Action Actor Backdrop Colour Kind MoviePlan Painter QuestionMaker QuestionType Scene SceneBank Script ScriptQuestion World WorldTool"
(cd "$here/../../tiny-world/src/main/java/io/moviechat/tinyworld" && javac -nowarn -d "$run/classes" $(printf '%s.java ' $world))
if [ ! -f "$run/tokenizer.json" ]; then "$python" "$here/make_tokenizer.py" --run "$run" --classes "$run/classes"; fi
if [ ! -f "$run/encoder.pt" ]; then
  "$python" "$here/train_encoder.py" --run "$run" --classes "$run/classes" --minutes "${ENCODER_MINUTES:-45}" --batch 96 --workers "$workers"
fi
if [ ! -f "$run/bank.0.json" ]; then "$python" "$here/make_bank.py" --run "$run" --classes "$run/classes" --scenes "${SCENES:-20000}" --workers "$workers"; fi
if [ ! -f "$run/val.0.json" ]; then
  "$python" "$here/make_bank.py" --run "$run" --classes "$run/classes" --scenes 1000 --seed 202 --name val --clean --workers 1
fi
"$python" "$here/train_decoder.py" --run "$run" --classes "$run/classes" --minutes "$minutes" --workers "$workers" --resume
"$python" "$here/evaluate.py" --run "$run" --classes "$run/classes" --movies 100 --long 20 --markdown "$run/accuracy.md"
"$python" "$here/export.py" --run "$run" --out "$run/bundle"
"$python" "$here/plot_curves.py" --run "$run" --out "$run/curves.png"
echo "bundle: $run/bundle (copy it to src/main/resources/io/moviechat/tinymodel/bundle)"
