#!/bin/sh
# Installs the Debian packages that a node is made of, those that are missing only.
set -eu
missing=
need() { # program package
  command -v "$1" >/dev/null || missing="$missing $2"
}
need containerd containerd
need runc runc
need busybox busybox-static
need iptables iptables
need ip iproute2
need openssl openssl
need curl curl
[ -x /usr/lib/cni/bridge ] || missing="$missing containernetworking-plugins"
[ -z "$missing" ] && exit 0
echo "Installing$missing" >&2
# RUNLEVEL=1 keeps the packages from starting their daemons: the node starts its own, in its own namespaces.
export RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive
# shellcheck disable=SC2086 # a list of words
apt-get install -y --no-install-recommends $missing >&2 ||
  { apt-get update >&2 && apt-get install -y --no-install-recommends $missing >&2; } || {
  echo "The test cluster needs these Debian packages:$missing. Install them, then try again." >&2
  exit 1
}
