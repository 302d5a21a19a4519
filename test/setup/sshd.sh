#!/bin/sh
# Runs sshd with users and sudo rules of a test's own, in a mount namespace of its own, so that the machine's stay as
# they are. $1: directory with sshd_config, passwd, group, shadow and sudoers.
set -eu
for file in passwd group shadow sudoers; do
  mount --bind "$1/$file" "/etc/$file"
done
mkdir -p /run/sshd
exec /usr/sbin/sshd -D -e -f "$1/sshd_config"
