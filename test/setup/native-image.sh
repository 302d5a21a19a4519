#!/bin/sh
# Obtains a native image of GraalVM, the Closure Compiler (Apache-2.0), from a package of npm, checks it against its
# pinned hash and prints its path. It is for tests alone and goes into nothing that is published.
# $1: the cache's directory.
set -eu
version=20261015.0.0 sum=c9349322259da691c6b3317bfd9861b7a6fec929d5541cdfbc8e28ccfeb4f290
program=$1/native-image/$version/compiler
if [ ! -x "$program" ]; then
  mkdir -p "$1/native-image"
  scratch=$(mktemp -d "$1/native-image/.new.XXXXXX")
  trap 'rm -rf "$scratch"' EXIT
  (cd "$scratch" && npm pack --silent "google-closure-compiler-linux@$version" >/dev/null)
  archive=$scratch/google-closure-compiler-linux-$version.tgz
  echo "$sum  $archive" | sha256sum --check --quiet >&2
  tar -xzf "$archive" -C "$scratch" package/compiler
  chmod 755 "$scratch/package/compiler"
  # Two runs may be here at once: the first one wins.
  mv -T "$scratch/package" "$1/native-image/$version" 2>/dev/null || [ -x "$program" ]
fi
printf '%s\n' "$program"
