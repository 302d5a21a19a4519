#!/bin/sh
# A Docker Engine of a test's own, in a network namespace of its own: docker-engine.sh DIRECTORY NAMESPACE [DRIVER].
# Runs in the foreground. The storage driver vfs needs nothing of the kernel, but copies every layer of an image whole;
# with `auto` the engine chooses.
set -eu
directory=$1
namespace=$2
driver=--storage-driver=vfs
[ "${3-}" != auto ] || driver=''
mkdir -p "$directory/data" "$directory/exec"
# shellcheck disable=SC2086 # none, or one word
exec nsenter --net="/run/netns/$namespace" dockerd \
  --iptables=false --ip6tables=false --ip-masq=false $driver \
  --data-root "$directory/data" --exec-root "$directory/exec" \
  -H "unix://$directory/docker.sock" -p "$directory/dockerd.pid"
