#!/bin/sh
# A Docker Engine of a test's own, in a network namespace of its own: docker-engine.sh DIRECTORY NAMESPACE.
# Runs in the foreground. The storage driver vfs needs nothing of the kernel.
set -eu
directory=$1
namespace=$2
mkdir -p "$directory/data" "$directory/exec"
exec nsenter --net="/run/netns/$namespace" dockerd \
  --iptables=false --ip6tables=false --ip-masq=false --storage-driver=vfs \
  --data-root "$directory/data" --exec-root "$directory/exec" \
  -H "unix://$directory/docker.sock" -p "$directory/dockerd.pid"
