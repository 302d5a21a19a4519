# A start of this capture that is still on its way, in a container without CPU or after its exec was cut: it would
# begin once we are gone. On SIGTERM it refuses and removes its own files; we wait for that.

end_start() {
  line_of /proc/uptime
  begun=${line%%.*}
  while find_start; do
    line_of /proc/uptime
    waited=$((${line%%.*} - begun))
    # A session that had begun is being ended: that has a bound of its own, 6 s, and is never cut short.
    if ending && [ $waited -lt 14 ]; then
      kill -CONT "$start"
    elif [ $waited -lt 7 ]; then
      kill -TERM "$start"
      kill -CONT "$start"
      # What it waits for, so that it gets to look at the signal.
      kill_leaves "$start"
    else
      end_family "$start"
      return 0
    fi
    sleep 0.1 || sleep 1
  done
} 2>/dev/null

# Has the start renamed its directory, so that it may be ending a session? See `revoke` in start/session.sh.
ending() {
  for path in "/tmp/flamepin-$id.revoked" "/var/tmp/flamepin-$id.revoked" "/dev/shm/flamepin-$id.revoked" \
    /proc/[0-9]*/root/tmp/"flamepin-$id.revoked" /proc/[0-9]*/root/var/tmp/"flamepin-$id.revoked" \
    /proc/[0-9]*/root/dev/shm/"flamepin-$id.revoked"; do
    if [ -d "$path" ]; then return 0; fi
  done
  return 1
}

# The process `sh -c TEXT flamepin ID SECONDS ... linux-...` -> start. Its subshells have the same command line.
# What runs it on a host over SSH has these words too, after its own: sudo, and run.sh.
find_start() {
  starts=' '
  # By a line of its text: busybox's grep does not look behind the first NUL of a line, where the id is.
  named=$(grep -lsF -e start_within= /proc/[0-9]*/cmdline)
  for path in $named; do
    path=${path%/cmdline}
    case $newline$(strings_of "$path/cmdline") in
      "${newline}sudo$newline"* | *"${newline}flamepin-run$newline"*) ;;
      *"$newline-c$newline"*"${newline}flamepin$newline$id$newline"*"${newline}linux-"*) starts="$starts${path#/proc/} " ;;
    esac
  done
  for start in $starts; do
    read_stat "$start" || continue
    case $state:$starts in
      Z:* | *" $parent "*) ;;
      *) return 0 ;;
    esac
  done
  return 1
}
