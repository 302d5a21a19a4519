#!/bin/sh
# Removes metrics-server from the test cluster of $KUBECONFIG again.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
kubectl=$(sh "$here/../kube/build.sh")/kubectl
"$kubectl" delete --kustomize "$(dirname "$KUBECONFIG")/metrics-server" --ignore-not-found >&2
