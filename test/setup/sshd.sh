#!/bin/sh
# Runs sshd with users and sudo rules of a test's own, in a mount namespace of its own, so that the machine's stay as
# they are. $1: directory with sshd_config, passwd, group, shadow and sudoers. $2: what the host calls itself; default: as
# the machine does.
set -eu
for file in passwd group shadow sudoers; do
  mount --bind "$1/$file" "/etc/$file"
done
mkdir -p /run/sshd
[ -z "${2-}" ] || echo "$2" >/proc/sys/kernel/hostname
exec /usr/sbin/sshd -D -e -f "$1/sshd_config"
