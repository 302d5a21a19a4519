#!/bin/sh
# What a person does by hand on the host: finds the process, starts async-profiler. Prints when that was done, in
# nanoseconds since the epoch. $1 what its command line holds, $2 async-profiler's directory, $3 file, $4 seconds.
set -eu
pid=$(pgrep -o -f -- "$1")
"$2/asprof" start -e ctimer --wall 50ms --alloc 512k --lock 1ms --timeout "$4" -o jfr -f "$3" \
  --libpath "$2/libasyncProfiler.so" "$pid" >&2
date +%s%N
