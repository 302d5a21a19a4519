#!/bin/sh
# run.sh [TEST FILE…]: brings the cluster up, runs its tests one file after the other, takes it down in any case.
# FLAMEPIN_CLUSTER_KEEP=1 leaves it up, for work on the tests.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
PATH=$here/../../node_modules/.bin:$PATH
export PATH
[ -n "${FLAMEPIN_CLUSTER_KEEP:-}" ] || trap 'sh "$here/down.sh"' EXIT INT TERM
KUBECONFIG=$(sh "$here/up.sh")
export KUBECONFIG
[ $# -gt 0 ] || set -- "$here"/*.test.ts
node --test --test-concurrency=1 "$@"
