#!/bin/sh
# Builds inferno's flame graph from its crate into the cache and prints the path of its program.
set -eu
version=0.12.8
home=${FLAMEPIN_CACHE:-${HOME:-/tmp}/.cache/flamepin}/inferno-$version
program=$home/bin/inferno-flamegraph

if [ ! -x "$program" ]; then
  command -v cargo >/dev/null || {
    echo "inferno: cargo is missing. Install it: apt-get install cargo" >&2
    exit 1
  }
  cargo install --quiet --locked --root "$home" inferno --version "$version" >&2
fi
echo "$program"
