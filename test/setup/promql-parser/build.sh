#!/bin/sh
# build.sh PROGRAM: builds the parser of Prometheus 3, which Debian does not have; through Go's module proxy.
set -eu
command -v go >/dev/null || {
  echo "The parser of Prometheus 3 is built with Go: install Go 1.26 or later (https://go.dev/dl) and put it on PATH." >&2
  exit 1
}
cd "$(dirname "$0")"
exec go build -mod=readonly -o "$1" .
