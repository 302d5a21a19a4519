#!/bin/sh
# Runs inside the target as `sh -c TEXT flamepin`: names the JVMs, so that a pattern can choose among them (RE2, which
# no shell speaks). Prints key=value lines: `jvm` is a pid, the `arg` lines after it are its command line; `listed`,
# how many there are, comes last.
set -u
export LC_ALL=C

. ./lib/say.sh
. ./lib/arguments.sh
. ./lib/proc.sh
. ./lib/jvms.sh

find_jvms
count=0
for pid in $candidates; do
  read_stat "$pid" || continue
  count=$((count + 1))
  say jvm "$pid"
  say_arguments "$(strings_of "/proc/$pid/cmdline")"
done
say listed "$count"
