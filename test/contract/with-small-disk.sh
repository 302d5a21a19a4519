#!/bin/sh
# Runs a command with a small, empty disk at a directory:
#   unshare --mount sh with-small-disk.sh SIZE DIRECTORY COMMAND [ARGUMENT…]
# The disk is a tmpfs in the mount namespace of the command alone; it is gone when the command ends.
set -eu
size=$1
directory=$2
shift 2
mount -t tmpfs -o "size=$size" tmpfs "$directory"
exec "$@"
