#!/bin/sh
# Runs a command as process 1 of a PID namespace: it sees no process of this machine, and so no JVM. Hands SIGTERM on to
# it, which unshare does not; should this script be killed, so is the command.
# $@: the command.
set -eu
namespace=
[ "$(id -u)" -eq 0 ] || namespace='--user --map-root-user'
# shellcheck disable=SC2086
setpriv --pdeathsig KILL unshare $namespace --pid --fork --kill-child --mount-proc "$@" &
unshared=$!
trap 'kill -TERM $(cat "/proc/$unshared/task/$unshared/children")' TERM
code=0
# A signal ends the first wait, not the command.
wait "$unshared" || code=$?
while kill -0 "$unshared" 2>/dev/null; do
  code=0
  wait "$unshared" || code=$?
done
exit "$code"
