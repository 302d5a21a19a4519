#!/bin/sh
# Obtains async-profiler's converter from Maven Central, checks it against its pinned hash and prints its path.
set -eu
version=4.5
sum=d8a5452b26adb11a2a0abf0c53799a6fd60dbccb0647efa5a734e3c46ced3df4
directory=${FLAMEPIN_CACHE:-${HOME:-/tmp}/.cache/flamepin}/jfr-converter/$version
jar=$directory/jfr-converter-$version.jar

good() { [ -f "$jar" ] && echo "$sum  $jar" | sha256sum --check --status; }

if ! good; then
  command -v mvn >/dev/null || {
    echo "jfrconv: Maven is missing. Install it: apt-get install maven" >&2
    exit 1
  }
  mkdir -p "$directory"
  scratch=$(mktemp -d "$directory/.new.XXXXXX")
  trap 'rm -rf "$scratch"' EXIT
  mvn -q -B dependency:copy "-Dartifact=tools.profiler:jfr-converter:$version" "-DoutputDirectory=$scratch" >&2
  mv "$scratch/jfr-converter-$version.jar" "$jar"
  good || {
    echo "jfrconv: $jar does not have its pinned hash $sum" >&2
    exit 1
  }
fi
echo "$jar"
