#!/bin/sh
# A Docker Engine of a test's own, in a network namespace of its own: docker-engine.sh DIRECTORY NAMESPACE DRIVER
# [CERTIFICATES]. Runs in the foreground. The storage driver vfs needs nothing of the kernel, but copies every layer of an
# image whole; with `auto` the engine chooses. With a directory of certificates it also listens with TLS on loopback of
# the machine, says `port N`, and wants a certificate of each client.
set -eu
directory=$1
namespace=$2
driver=$3
certificates=${4-}
mkdir -p "$directory/data" "$directory/exec"
set -- nsenter --net="/run/netns/$namespace" dockerd \
  --iptables=false --ip6tables=false --ip-masq=false \
  --data-root "$directory/data" --exec-root "$directory/exec" \
  -H "unix://$directory/docker.sock" -p "$directory/dockerd.pid"
[ "$driver" = auto ] || set -- "$@" "--storage-driver=$driver"
[ -n "$certificates" ] || exec "$@"
exec python3 "$(dirname "$0")/listening.py" "$@" -H fd:// --tlsverify --tlscacert "$certificates/ca.pem" \
  --tlscert "$certificates/server.pem" --tlskey "$certificates/server-key.pem"
