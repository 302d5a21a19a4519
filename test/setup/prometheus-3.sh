#!/bin/sh
# prometheus-3.sh PROGRAM: builds the server of Prometheus 3, which Debian does not have, without what discovers targets
# in clouds, which is most of the work. Keeps what is there.
set -eu
[ ! -x "$1" ] || exit 0
version=v0.313.0 # 3.13
module=$(sh "$(dirname "$0")/go-module.sh" "github.com/prometheus/prometheus@$version")
source=$(printf '%s\n' "$module" | sed -n 's/^[[:space:]]*"Dir": "\(.*\)",*$/\1/p')
cd "$source"
# Its own go.work names modules that its archive does not hold. Renamed when complete: a build that was cut off is no
# program.
GOWORK=off go build -mod=readonly -tags remove_all_sd -o "$1.part" ./cmd/prometheus
mv "$1.part" "$1"
