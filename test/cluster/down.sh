#!/bin/sh
# Ends the test cluster and says whether the machine is as it was. Harmless when nothing is up.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=test/cluster/node/address.sh
. "$here/node/address.sh"
state=${FLAMEPIN_CLUSTER:-${FLAMEPIN_CACHE:-$HOME/.cache/flamepin}/cluster}
[ -s "$state/init.pid" ] || exit 0
init=$(cat "$state/init.pid")
# The kernel kills everything in a pid namespace with its first process; mounts and links go with the last of them.
# A pid may have been used again since: only a process in another pid namespace can be ours.
if [ -e "/proc/$init" ] && [ "$(readlink "/proc/$init/ns/pid")" != "$(readlink /proc/self/ns/pid)" ]; then
  kill -9 "$init"
fi
tries=0
while [ -e "/proc/$init" ] || ip link show "$link_outside" >/dev/null 2>&1; do
  tries=$((tries + 1))
  [ "$tries" -lt 200 ] || { echo "Process $init or link $link_outside did not go away." >&2; exit 1; }
  sleep 0.05
done
tries=0
# Control groups outlive their processes by moments; version 1 has one tree per controller, version 2 one in all.
trees() { find /sys/fs/cgroup -maxdepth 2 -type d -name k8s.io 2>/dev/null; }
while trees | grep -q .; do
  trees | while read -r group; do find "$group" -depth -type d -exec rmdir {} + 2>/dev/null || true; done
  tries=$((tries + 1))
  [ "$tries" -lt 50 ] || { echo 'Control groups of the test cluster are left under /sys/fs/cgroup.' >&2; exit 1; }
  sleep 0.1
done
rm -f "$state/init.pid" "$state/kubeconfig"
rm -rf "$state/containerd" "$state/kubelet" "$state/keys"
if ! sh "$here/node/settings.sh" | diff "$state/settings.before" - >&2; then
  echo 'The test cluster changed kernel settings of this machine (above).' >&2
  exit 1
fi
