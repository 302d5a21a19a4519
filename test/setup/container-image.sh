#!/bin/sh
# Writes an image's root as a tar file to stdout: container-image.sh [--no-shell | --agent DIRECTORY].
# It holds a shell and nothing else, busybox, which is static; with --no-shell not even that; with --agent also
# async-profiler (asprof and its library) from that directory, as the agent image of deploy/Dockerfile does.
# A JDK of the machine is mounted into its containers.
set -eu
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
mkdir -p "$root/bin" "$root/tmp" "$root/etc" "$root/usr" "$root/proc" "$root/sys" "$root/dev"
chmod 755 "$root"
chmod 1777 "$root/tmp"
if [ "${1-}" != --no-shell ]; then
  cp /bin/busybox "$root/bin/busybox"
  for applet in $(/bin/busybox --list); do
    [ "$applet" = busybox ] || ln -s busybox "$root/bin/$applet"
  done
fi
if [ "${1-}" = --agent ]; then
  mkdir -p "$root/opt/flamepin"
  cp "$2/asprof" "$2/libasyncProfiler.so" "$root/opt/flamepin"
  chmod 755 "$root/opt/flamepin" "$root/opt/flamepin"/*
fi
printf 'root:x:0:0:root:/:/bin/sh\napp:x:1000:1000:app:/:/bin/sh\n' >"$root/etc/passwd"
printf 'root:x:0:\napp:x:1000:\n' >"$root/etc/group"
tar -C "$root" -c .
