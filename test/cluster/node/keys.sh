#!/bin/sh
# keys.sh DIRECTORY: the cluster's authority, certificates, service account key and one kubeconfig per identity.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=test/cluster/node/address.sh
. "$here/address.sh"
mkdir -p "$1"
cd "$1"

new_key() { openssl ecparam -name prime256v1 -genkey -noout -out "$1.key"; }

authority() { # name subject
  new_key "$1"
  openssl req -x509 -new -key "$1.key" -subj "$2" -days 30 -out "$1.crt"
}

certificate() { # name subject extensions [authority]
  new_key "$1"
  printf '%s\n' "$3" >"$1.ext"
  openssl req -new -key "$1.key" -subj "$2" |
    openssl x509 -req -CA "${4:-authority}.crt" -CAkey "${4:-authority}.key" -CAcreateserial -days 30 \
      -extfile "$1.ext" -out "$1.crt" 2>/dev/null
}

kubeconfig() { # name
  cat >"$1.kubeconfig" <<END
apiVersion: v1
kind: Config
current-context: test
contexts: [{name: test, context: {cluster: test, user: $1, namespace: default}}]
clusters: [{name: test, cluster: {server: "https://$node:443", certificate-authority-data: $(base64 -w0 <authority.crt)}}]
users: [{name: $1, user: {client-certificate-data: $(base64 -w0 <"$1.crt"), client-key-data: $(base64 -w0 <"$1.key")}}]
END
}

client() { # name subject
  certificate "$1" "$2" 'extendedKeyUsage=clientAuth'
  kubeconfig "$1"
}

authority authority /CN=flamepin-test
certificate apiserver /CN=kube-apiserver "extendedKeyUsage=serverAuth
subjectAltName=IP:$node,IP:$api_service,IP:127.0.0.1,DNS:kubernetes.default.svc"
certificate kubelet-server "/CN=$node_name" "extendedKeyUsage=serverAuth
subjectAltName=IP:$node,DNS:$node_name"
# With this the API server passes requests on to servers of more API groups (aggregation). Whoever has a certificate of
# this authority may name any user, so it is not the one of the clients.
authority front-proxy-authority /CN=flamepin-test-front-proxy
certificate front-proxy /CN=front-proxy 'extendedKeyUsage=clientAuth' front-proxy-authority
client kubelet-client /O=system:masters/CN=apiserver-kubelet-client
client admin /O=system:masters/CN=admin
client kubelet "/O=system:nodes/CN=system:node:$node_name"
client manager /CN=system:kube-controller-manager
client scheduler /CN=system:kube-scheduler
client proxy /CN=system:kube-proxy
openssl genrsa -out accounts.key 2048 2>/dev/null
openssl rsa -in accounts.key -pubout -out accounts.pub 2>/dev/null
