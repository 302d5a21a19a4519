#!/bin/sh
# Builds kubeconform from its Go module into the cache and prints the path of its program.
set -eu
version=0.8.0
home=${FLAMEPIN_CACHE:-${HOME:-/tmp}/.cache/flamepin}/kubeconform/$version
program=$home/kubeconform

if [ ! -x "$program" ]; then
  command -v go >/dev/null || {
    echo 'kubeconform is built from source: install Go 1.26 or later (https://go.dev/dl) and put it on PATH.' >&2
    exit 1
  }
  mkdir -p "$home"
  GOBIN=$home go install -trimpath "github.com/yannh/kubeconform/cmd/kubeconform@v$version" >&2
fi
echo "$program"
