#!/bin/sh
# An authority, and certificates that it signed for a server on loopback and for a client, valid for two days:
# certificates.sh DIRECTORY -> ca.pem, server.pem, server-key.pem, client.pem, client-key.pem
set -eu
cd "$1"
key='-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes'
# shellcheck disable=SC2086 # words
openssl req -x509 $key -keyout ca-key.pem -out ca.pem -subj /CN=authority -days 2 2>/dev/null
printf 'subjectAltName=IP:127.0.0.1\nextendedKeyUsage=serverAuth,clientAuth\n' >extensions
for one in server client; do
  # shellcheck disable=SC2086 # words
  openssl req $key -keyout $one-key.pem -out $one.csr -subj /CN=$one 2>/dev/null
  openssl x509 -req -in $one.csr -CA ca.pem -CAkey ca-key.pem -CAcreateserial -out $one.pem -days 2 \
    -extfile extensions 2>/dev/null
done
