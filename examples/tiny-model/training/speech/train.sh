#!/usr/bin/env bash
# From nothing to a bundle: train.sh RUN_FOLDER [MINUTES]
# Every stage goes on from what the run folder already holds.
set -euo pipefail
run=$1
minutes=${2:-60}
here=$(cd "$(dirname "$0")" && pwd)
python=${PYTHON:-/usr/bin/python3}
# Tensors of a few megabytes come and go every step: without these, each is fetched from the system page by page.
export MALLOC_MMAP_MAX_=0 MALLOC_TRIM_THRESHOLD_=8589934592 MALLOC_TOP_PAD_=268435456
export OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 MKL_NUM_THREADS=1
mkdir -p "$run"
"$python" "$here/make_pool.py" --run "$run" --seconds 8 --windows "${SHORT:-12800}"
"$python" "$here/make_pool.py" --run "$run" --seconds 30 --windows "${LONG:-1024}"
"$python" "$here/train.py" --run "$run" --minutes "$minutes"
"$python" "$here/evaluate.py" --run "$run" --windows 40 --json "$run/speech.json"
"$python" "$here/export.py" --run "$run" --out "$run/speech" --reference "$run/reference"
echo "bundle: $run/speech (copy it to src/main/resources/io/moviechat/tinymodel/speech)"
echo "graphs against torch, with npm's onnxruntime-node: node $here/check.mjs $run/speech $run/reference"
