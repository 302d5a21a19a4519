#!/bin/sh
# Installs schemathesis, which tries an HTTP interface against its OpenAPI document, into a virtual environment in the
# cache, and prints the path of the command.
# $1: the cache's directory.
set -eu
cache=$1
version=4.32.5
home=$cache/schemathesis-$version

if [ ! -f "$home/complete" ]; then
  command -v python3 >/dev/null || { echo "python3 is needed to install schemathesis from PyPI (apt install python3 python3-venv)" >&2; exit 1; }
  mkdir -p "$cache"
  # A virtual environment cannot be moved, so it is made where it stays; two runs must not make it at once.
  exec 9>"$home.lock"
  flock 9
  if [ ! -f "$home/complete" ]; then
    rm -rf "$home"
    python3 -m venv "$home" >&2 || { echo "python3 cannot make a virtual environment (apt install python3-venv)" >&2; exit 1; }
    "$home/bin/python" -m pip install --quiet --disable-pip-version-check "schemathesis==$version" >&2
    touch "$home/complete"
  fi
fi
printf '%s\n' "$home/bin/schemathesis"
