#!/bin/sh
# What a person does by hand for a host, as one script without pauses: copies async-profiler with scp, finds the JVM,
# starts. Prints when asprof was done, in nanoseconds since the epoch. $1 configuration of OpenSSH, in which the host is
# `bench` (it says whether the connections are shared), $2 what the JVM's command line holds, $3 directory with
# async-profiler, $4 seconds, $5 a word for the file names.
set -eu
scp -q -r -F "$1" "$3" "bench:/tmp/profiler-$5" >&2
pid=$(ssh -F "$1" bench "pgrep -o -f -- '$2'")
ssh -F "$1" bench "/tmp/profiler-$5/asprof start -e ctimer --wall 50ms --alloc 512k --lock 1ms --timeout $4 -o jfr \
  -f /tmp/profiler-$5/recording.jfr --libpath /tmp/profiler-$5/libasyncProfiler.so $pid >&2 && date +%s%N"
