#!/bin/sh
# Brings a real single-node Kubernetes up and ends when it is ready; prints the path of its kubeconfig. As root.
# Everything runs in namespaces of its own; down.sh ends it and leaves the machine as it was.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=test/cluster/node/address.sh
. "$here/node/address.sh"
[ "$(id -u)" = 0 ] || {
  echo 'The test cluster needs root (namespaces, mounts, containers): run it with sudo.' >&2
  exit 1
}
state=${FLAMEPIN_CLUSTER:-${FLAMEPIN_CACHE:-$HOME/.cache/flamepin}/cluster}
if [ -s "$state/init.pid" ] && [ -e "/proc/$(cat "$state/init.pid")" ]; then
  echo "$state/kubeconfig"
  exit 0
fi
sh "$here/down.sh" >&2
sh "$here/node/install.sh"
binaries=$(sh "$here/kube/build.sh")
images=$(sh "$here/images/build.sh")

rm -rf "$state"
mkdir -p "$state/log" "$state/containerd"
sh "$here/node/settings.sh" >"$state/settings.before"
sh "$here/node/keys.sh" "$state/keys"

setsid unshare --mount --net --pid --fork --mount-proc --propagation private \
  sh "$here/node/start.sh" "$binaries" "$state" "$images" >"$state/log/start.log" 2>&1 </dev/null &
outer=$!
give_up() {
  echo "The test cluster did not come up: $1" >&2
  tail -n 3 "$state"/log/*.log >&2
  sh "$here/down.sh" >&2
  exit 1
}
tries=0
init=
# unshare's child is process 1 of the new namespaces.
until [ -n "$init" ] && [ "$(readlink "/proc/$init/ns/net")" != "$(readlink /proc/self/ns/net)" ]; do
  tries=$((tries + 1))
  [ "$tries" -lt 250 ] || give_up 'no namespaces'
  sleep 0.02
  init=$(tr -d ' ' <"/proc/$outer/task/$outer/children" 2>/dev/null || true)
done
echo "$init" >"$state/init.pid"
ip link add "$link_outside" type veth peer name "$link_inside" netns "$init"
ip address add "$outside/24" dev "$link_outside"
ip link set "$link_outside" up
ip route add "$pods" via "$node"
ip route add "$services" via "$node"

api() { # path
  curl --silent --max-time 5 --cacert "$state/keys/authority.crt" --cert "$state/keys/admin.crt" \
    --key "$state/keys/admin.key" "https://$node$1"
}
ready() {
  [ -e "/proc/$init/root/run/flamepin/images-imported" ] &&
    api "/api/v1/nodes/$node_name" | tr -d ' \n' | grep -q '"type":"Ready","status":"True"\|"status":"True",[^}]*"type":"Ready"' &&
    ! api "/api/v1/nodes/$node_name" | grep -q 'node.kubernetes.io/not-ready' &&
    api /api/v1/namespaces/default/serviceaccounts/default | grep -q '"uid"' &&
    api /api/v1/namespaces/default/configmaps/kube-root-ca.crt | grep -q '"uid"'
}
tries=0
until ready; do
  [ -e "/proc/$init" ] || give_up 'its first process ended'
  tries=$((tries + 1))
  [ "$tries" -lt 900 ] || give_up 'the node is not ready after 90 s'
  sleep 0.1
done
cp "$state/keys/admin.kubeconfig" "$state/kubeconfig"
echo "$state/kubeconfig"
