#!/bin/sh
# go-module.sh MODULE@VERSION: downloads a Go module into Go's own cache and describes it as JSON.
set -eu
command -v go >/dev/null || {
  echo "$1 comes through Go's module proxy: install Go 1.26 or later (https://go.dev/dl) and put it on PATH." >&2
  exit 1
}
# Outside of any module, whose go.mod would have a say.
cd /
exec go mod download -json "$1"
