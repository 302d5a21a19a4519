#!/bin/sh
# What a person does by hand for a pod, as one script without pauses: copies async-profiler, finds the JVM, starts.
# Prints when asprof was done, in seconds of the machine's uptime. $1 kubectl, $2 namespace, $3 pod, $4 directory
# with async-profiler, $5 seconds.
set -eu
"$1" --namespace "$2" cp "$4" "$3:/tmp/profiler" >&2
pid=$("$1" --namespace "$2" exec "$3" -- pidof java)
# shellcheck disable=SC2016 # expanded in the container, from the parameters behind the text
"$1" --namespace "$2" exec "$3" -- sh -c '
  /tmp/profiler/asprof start -e ctimer --wall 50ms --alloc 512k --lock 1ms --timeout "$2" -o jfr \
    -f "/tmp/$2.jfr" --libpath /tmp/profiler/libasyncProfiler.so "$1" >&2 &&
    cut -d " " -f 1 /proc/uptime
' sh "$pid" "$5"
