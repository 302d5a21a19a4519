#!/bin/sh
# Runs inside a candidate as `sh -c TEXT flamepin`: how much CPU its container uses just now, to find the busiest of
# several. Reads twice, about 300 ms apart, and prints both in nanoseconds: the container's own control group (v2, then
# v1), else the sum over its processes in clock ticks of 10 ms. And the time of each, in seconds: a sleep may know whole
# seconds only, and takes longer where there is no CPU left to wake up with.
set -u
export LC_ALL=C

usage() {
  if [ -r /sys/fs/cgroup/cpu.stat ] && read -r key value </sys/fs/cgroup/cpu.stat && [ "$key" = usage_usec ]; then
    nanoseconds=${value}000
  elif [ -r /sys/fs/cgroup/cpuacct/cpuacct.usage ]; then
    read -r nanoseconds </sys/fs/cgroup/cpuacct/cpuacct.usage
  elif [ -r /sys/fs/cgroup/cpu,cpuacct/cpuacct.usage ]; then
    read -r nanoseconds <'/sys/fs/cgroup/cpu,cpuacct/cpuacct.usage'
  else
    ticks=0
    for stat in /proc/[0-9]*/stat; do
      line=
      { read -r line <"$stat"; } 2>/dev/null || continue
      # The name before the last parenthesis may hold blanks.
      # shellcheck disable=SC2086 # fields
      set -- ${line##*) }
      ticks=$((ticks + ${12:-0} + ${13:-0}))
    done
    nanoseconds=${ticks}0000000
  fi
}

usage
first=$nanoseconds
read -r begun _ </proc/uptime
sleep 0.3 2>/dev/null || sleep 1
usage
read -r ended _ </proc/uptime
echo "first=$first"
echo "second=$nanoseconds"
echo "begun=$begun"
echo "ended=$ended"
