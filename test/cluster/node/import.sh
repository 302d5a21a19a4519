#!/bin/sh
# import.sh ARCHIVE: gives the running node one more image.
set -eu
state=${FLAMEPIN_CLUSTER:-${FLAMEPIN_CACHE:-$HOME/.cache/flamepin}/cluster}
[ -s "$state/init.pid" ] || {
  echo 'There is no test cluster: sh test/cluster/up.sh starts one.' >&2
  exit 1
}
exec nsenter --target "$(cat "$state/init.pid")" --mount --pid --net \
  ctr --namespace k8s.io images import "$1"
