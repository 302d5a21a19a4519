#!/bin/sh
# What a person does by hand for a container, as one script without pauses: copies async-profiler, finds the JVM, starts.
# Prints when asprof was done, in seconds of the machine's uptime. $1 socket of the engine, $2 container, $3 directory
# with async-profiler, $4 seconds.
set -eu
docker -H "unix://$1" exec "$2" rm -rf /tmp/profiler
docker -H "unix://$1" cp "$3" "$2:/tmp/profiler" >&2
pid=$(docker -H "unix://$1" exec "$2" pidof java)
# shellcheck disable=SC2016 # expanded in the container, from the parameters behind the text
docker -H "unix://$1" exec "$2" sh -c '
  /tmp/profiler/asprof start -e ctimer --wall 50ms --alloc 512k --lock 1ms --timeout "$2" -o jfr \
    -f "/tmp/$2.jfr" --libpath /tmp/profiler/libasyncProfiler.so "$1" >&2 &&
    cut -d " " -f 1 /proc/uptime
' sh "$pid" "$4"
