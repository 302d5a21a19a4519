#!/bin/sh
# start.sh BINARIES STATE IMAGES: the node itself. up.sh runs it as process 1 of its own pid, mount and network
# namespaces; whatever it starts, mounts or links ends with it.
set -eu
binaries=$1 state=$2 images=$3
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=test/cluster/node/address.sh
. "$here/address.sh"
run=/run/flamepin
keys=$run/keys

mount --make-rprivate /
# The parts write to fixed places: give each an empty file system of ours.
for place in /run /var/log /var/lib; do mount -t tmpfs -o mode=755 tmpfs "$place"; done
mkdir -p "$run/cni" "$run/sysctl" /run/lock "$state/kubelet"
# The kubelet propagates volume mounts into containers from below its directory.
mount --bind "$state/kubelet" "$state/kubelet"
mount --make-rshared "$state/kubelet"
# The kubelet insists on these settings, which belong to the whole machine: it gets plain files to write to.
for setting in vm/overcommit_memory=1 vm/panic_on_oom=0 kernel/panic=10 kernel/panic_on_oops=1 \
  kernel/keys/root_maxkeys=1000000 kernel/keys/root_maxbytes=25000000; do
  file=$run/sysctl/$(echo "${setting%=*}" | tr / .)
  echo "${setting#*=}" >"$file"
  mount --bind "$file" "/proc/sys/${setting%=*}"
done

ip link set lo up
ip address add "$api_service/32" dev lo
until ip link show "$link_inside" >/dev/null 2>&1; do sleep 0.02; done
ip address add "$node/24" dev "$link_inside"
ip link set "$link_inside" up
echo 1 >/proc/sys/net/ipv4/ip_forward
ln -s "$state/keys" "$keys"
cp "$here/network.json" "$run/cni/10-pods.conflist"
: >"$run/resolv.conf"

part() { # name command…
  log=$state/log/$1.log
  shift
  "$@" >"$log" 2>&1 &
}

part etcd "$binaries/etcd" --data-dir "$run/etcd" --unsafe-no-fsync --log-level warn \
  --listen-client-urls http://127.0.0.1:2379 --advertise-client-urls http://127.0.0.1:2379 \
  --listen-peer-urls http://127.0.0.1:2380 --initial-advertise-peer-urls http://127.0.0.1:2380 \
  --initial-cluster default=http://127.0.0.1:2380
part containerd containerd --config "$here/containerd.toml" --root "$state/containerd" --state /run/containerd
# Routing by the aggregator itself: from the node there is no route to the addresses of services, only to pods.
part apiserver "$binaries/kube-apiserver" --etcd-servers http://127.0.0.1:2379 \
  --advertise-address "$node" --bind-address 0.0.0.0 --secure-port 443 \
  --tls-cert-file "$keys/apiserver.crt" --tls-private-key-file "$keys/apiserver.key" \
  --client-ca-file "$keys/authority.crt" \
  --kubelet-certificate-authority "$keys/authority.crt" \
  --kubelet-client-certificate "$keys/kubelet-client.crt" --kubelet-client-key "$keys/kubelet-client.key" \
  --kubelet-preferred-address-types InternalIP \
  --requestheader-client-ca-file "$keys/front-proxy-authority.crt" --requestheader-allowed-names front-proxy \
  --requestheader-username-headers X-Remote-User --requestheader-group-headers X-Remote-Group \
  --requestheader-extra-headers-prefix X-Remote-Extra- --enable-aggregator-routing=true \
  --proxy-client-cert-file "$keys/front-proxy.crt" --proxy-client-key-file "$keys/front-proxy.key" \
  --authorization-mode Node,RBAC --enable-admission-plugins NodeRestriction \
  --service-account-issuer https://kubernetes.default.svc \
  --service-account-signing-key-file "$keys/accounts.key" --service-account-key-file "$keys/accounts.pub" \
  --service-cluster-ip-range "$services" --allow-privileged=true --profiling=false

{
  until [ -S /run/containerd/containerd.sock ]; do sleep 0.05; done
  for image in "$images"/*.tar; do ctr --namespace k8s.io images import "$image"; done
  touch "$run/images-imported"
} >"$state/log/images.log" 2>&1 &

until curl --silent --cacert "$keys/authority.crt" "https://$node/readyz" | grep -q '^ok'; do sleep 0.1; done

part kubelet "$binaries/kubelet" --config "$here/kubelet.yaml" --kubeconfig "$keys/kubelet.kubeconfig" \
  --root-dir "$state/kubelet" --hostname-override "$node_name" --node-ip "$node" \
  --tls-cert-file "$keys/kubelet-server.crt" --tls-private-key-file "$keys/kubelet-server.key"
# Only the controllers that tests lean on; with one account for all of them they could not clear the node's taint.
part manager "$binaries/kube-controller-manager" --kubeconfig "$keys/manager.kubeconfig" --leader-elect=false \
  --bind-address 127.0.0.1 --use-service-account-credentials=true --profiling=false \
  --root-ca-file "$keys/authority.crt" --service-account-private-key-file "$keys/accounts.key" \
  --controllers "$(echo serviceaccount root-ca-certificate-publisher deployment replicaset statefulset daemonset \
    job endpointslice namespace garbage-collector pod-garbage-collector taint-eviction node-lifecycle \
    persistentvolume-binder disruption validatingadmissionpolicy-status |
    sed 's/\([^ ]*\)/\1-controller/g; s/ /,/g')"
part scheduler "$binaries/kube-scheduler" --kubeconfig "$keys/scheduler.kubeconfig" --leader-elect=false \
  --bind-address 127.0.0.1 --profiling=false
# Zero leaves the connection tracking settings of the whole machine alone.
part proxy "$binaries/kube-proxy" --kubeconfig "$keys/proxy.kubeconfig" --hostname-override "$node_name" \
  --proxy-mode iptables --cluster-cidr "$pods" --conntrack-max-per-core 0 --conntrack-min 0 \
  --conntrack-tcp-timeout-established 0s --conntrack-tcp-timeout-close-wait 0s \
  --metrics-bind-address 127.0.0.1:10249 --healthz-bind-address 127.0.0.1:10256
wait
