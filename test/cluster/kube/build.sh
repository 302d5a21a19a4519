#!/bin/sh
# Builds the node's binary with a link for each of its parts, and kubectl, once per content, and prints the directory.
# The version is what go.mod pins; from nothing it takes about seven minutes on two cores and 2.4 GB, with Go's
# own cache 20 seconds.
set -eu
cd "$(dirname "$0")"

command -v go >/dev/null || {
  echo 'The test cluster is built from source: install Go 1.26 or later (https://go.dev/dl) and put it on PATH.' >&2
  exit 1
}
hash=$({ cat go.mod go.sum main.go build.sh; go version; } | sha256sum | cut -c 1-16)
out=${FLAMEPIN_CACHE:-$HOME/.cache/flamepin}/kubernetes/$hash
if [ ! -e "$out/complete" ]; then
  version=$(go list -m -f '{{.Version}}' k8s.io/kubernetes)
  major_minor=${version#v}
  minor=${major_minor#*.}
  mark=k8s.io/component-base/version
  # Without the version the kubelet reports v0.0.0 and the API server refuses to know its own age.
  flags="-s -w -X $mark.gitVersion=$version -X $mark.gitMajor=${major_minor%%.*} -X $mark.gitMinor=${minor%%.*}"
  mkdir -p "$out"
  build() { # program package
    go build -p 2 -mod=readonly -trimpath -buildvcs=false -ldflags "$flags" -o "$out/$1" "$2" >&2
  }
  build node .
  # A program of its own, as people have it: a call takes 45 ms, out of the node's large binary 80 ms.
  build kubectl k8s.io/kubernetes/cmd/kubectl
  for part in etcd kube-apiserver kube-controller-manager kube-proxy kube-scheduler kubelet; do
    ln -sf node "$out/$part"
  done
  touch "$out/complete"
fi
echo "$out"
