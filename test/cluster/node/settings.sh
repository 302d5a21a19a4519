#!/bin/sh
# The machine-wide kernel settings that parts of a node like to change: equal before and after.
set -eu
cd /proc/sys
for setting in kernel/panic kernel/panic_on_oops kernel/keys/root_maxkeys kernel/keys/root_maxbytes \
  vm/overcommit_memory vm/panic_on_oom net/ipv4/ip_forward; do
  echo "$setting $(cat "$setting")"
done
