#!/usr/bin/env bash
# device-kit.sh OUT [MODEL]   makes an offline kit for an x86-64 Linux machine with an NVIDIA card and no Java.
#
# OUT    folder for the pieces: kit.part-00 ... of at most 58 MB, kit.sha256 and unpack.sh
# MODEL  a bundle to time (SmolVLM in float32, for instance from make_random_bundle.py); left out, speed is not measured
#
# Run it in a checkout after "./mvnw -DskipTests -DskipITs package". On the other machine: "sh unpack.sh FOLDER", then
# "FOLDER/kit/run.sh". docs/gpu.md, "Offline", says what that does.
set -euo pipefail

[ $# -ge 1 ] || { sed -n '2,10p' "$0" | sed 's/^# \{0,1\}//'; exit 2; }
top=$(cd "$(dirname "$0")/../../../.." && pwd)
mkdir -p "$1"
out=$(cd "$1" && pwd)
model=${2:-}
jar=$top/moviechat-bench/target/benchmarks.jar
[ -f "$jar" ] || { echo "device-kit: $jar is not there: run ./mvnw -DskipTests -DskipITs package"; exit 1; }

stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT
kit=$stage/kit
mkdir -p "$kit/fixtures"

echo "device-kit: a Java runtime"
jlink --add-modules java.se,jdk.unsupported,jdk.jfr,jdk.management,jdk.zipfs,jdk.crypto.ec,jdk.localedata \
  --strip-debug --no-man-pages --no-header-files --output "$kit/runtime"

echo "device-kit: jars, with ONNX Runtime's GPU natives in place of the processor's"
cp "$jar" "$kit/"
cp -r "$top/moviechat-bench/target/benchmarks-lib" "$kit/benchmarks-lib"
native=$(cd "$kit/benchmarks-lib" && ls onnxruntime-*-linux-x86_64.jar)
version=${native#onnxruntime-}
version=${version%-linux-x86_64.jar}
"$top/mvnw" -q -f "$top/pom.xml" -N org.apache.maven.plugins:maven-dependency-plugin:copy \
  -Dartifact="org.bytedeco:onnxruntime:$version:jar:linux-x86_64-gpu" -DoutputDirectory="$kit/benchmarks-lib"
# The manifest of benchmarks.jar names the processor's: the GPU's takes its name.
mv "$kit/benchmarks-lib/onnxruntime-$version-linux-x86_64-gpu.jar" "$kit/benchmarks-lib/$native"
# Natives of other platforms are not for this machine.
rm -f "$kit"/benchmarks-lib/*-macosx-* "$kit"/benchmarks-lib/*-windows-* "$kit"/benchmarks-lib/*-linux-arm64*
# Unpacked and stored again, so that the whole is compressed at once, which is a quarter smaller.
for packed in "$kit"/benchmarks-lib/*.jar; do
  rm -rf "$stage/jar"
  mkdir "$stage/jar"
  (cd "$stage/jar" && jar -xf "$packed")
  rm -rf "$stage"/jar/native/lib/linux-aarch64 "$stage"/jar/native/lib/osx-* "$stage"/jar/native/lib/win-*
  # ND4J calls OpenBLAS itself: its interfaces for Java, and headers, are for others.
  find "$stage/jar" \( -name libjniopenblas.so -o -name libjniopenblas_full.so -o -path '*/include/*.h*' \) -delete
  rm -f "$packed"
  jar -c -f "$packed" -0 -M -C "$stage/jar" .
done
rm -rf "$stage/jar"

echo "device-kit: fixtures"
cp -r "$top"/moviechat-llm/src/test/resources/io/moviechat/llm/fixtures/* "$kit/fixtures/"
[ -z "$model" ] || cp -rL "$model" "$kit/model"
git -C "$top" describe --always --dirty --abbrev=10 >"$kit/commit.txt" 2>/dev/null || echo unknown >"$kit/commit.txt"
cp "$top/moviechat-bench/src/main/scripts/device-kit-run.sh" "$kit/run.sh"
chmod +x "$kit/run.sh"

echo "device-kit: pieces"
rm -f "$out"/kit.part-* "$out/kit.sha256"
tar -C "$stage" -c kit | xz -T0 -"${XZ_LEVEL:-6}" | split -b 58000000 -d - "$out/kit.part-"
(cd "$out" && sha256sum kit.part-* >kit.sha256)
cat >"$out/unpack.sh" <<'UNPACK'
#!/bin/sh
# unpack.sh [FOLDER]   checks the pieces beside it and unpacks them into FOLDER (here, if none is named).
set -eu
here=$(cd "$(dirname "$0")" && pwd)
to=${1:-.}
mkdir -p "$to"
(cd "$here" && sha256sum -c --quiet kit.sha256) || { echo "unpack: a piece is missing or damaged"; exit 1; }
if command -v xz >/dev/null 2>&1; then
  cat "$here"/kit.part-* | xz -dc -T0 | tar -C "$to" -x
else
  cat "$here"/kit.part-* | python3 -c 'import lzma, shutil, sys; shutil.copyfileobj(lzma.open(sys.stdin.buffer), sys.stdout.buffer, 1 << 20)' | tar -C "$to" -x
fi
[ -x "$to/kit/run.sh" ] || { echo "unpack: xz or python3 is needed"; exit 1; }
echo "unpacked: $to/kit; now run $to/kit/run.sh"
UNPACK
chmod +x "$out/unpack.sh"
ls -l "$out"
