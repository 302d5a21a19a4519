#!/bin/sh
# Runs beside the target as the JVM's user, as `sh -c TEXT`: prints how many copies of the profiler's library a process
# there has loaded, the most that any has. Each has one part that can be executed.
most=0
for maps in /proc/[0-9]*/maps; do
  count=$(grep -c ' r-xp .*/libasyncProfiler' "$maps" 2>/dev/null)
  [ "${count:-0}" -le "$most" ] || most=$count
done
echo "$most"
