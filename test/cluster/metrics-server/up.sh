#!/bin/sh
# Installs metrics-server on the test cluster of $KUBECONFIG and ends when metrics.k8s.io answers, some 20 s later. Only
# a test that wants it does: without it flamepin finds a pod by other means, and that is what the others test.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
home=$(sh "$here/build.sh")
kubectl=$(sh "$here/../kube/build.sh")/kubectl
installed=$(dirname "$KUBECONFIG")/metrics-server
rm -rf "$installed"
mkdir "$installed"
cp -R "$home/manifests" "$here/kustomization.yaml" "$installed"
sed "s|PROGRAM|$home/metrics-server|" "$here/deployment.yaml" >"$installed/deployment.yaml"
"$kubectl" apply --kustomize "$installed" >&2
"$kubectl" wait --namespace kube-system --for condition=Available --timeout 120s \
  deployment/metrics-server apiservice/v1beta1.metrics.k8s.io >&2 || {
  "$kubectl" logs --namespace kube-system --selector k8s-app=metrics-server --tail 5 >&2
  exit 1
}
