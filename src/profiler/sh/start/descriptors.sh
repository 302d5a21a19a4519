# Room for file descriptors in the JVM.

# A session keeps 4 (its socket, the recording, a file for what it buffers, /proc/PID/task) and opens as many for
# moments: the connection, the library, what it reads of /proc (async-profiler 4.5 on JDK 17 and 25). Twice that.
descriptors_needed=16

look_at_descriptors() {
  if ! limit_of open; then
    say check.descriptors "its limit cannot be read"
    return 0
  fi
  if [ "$limit" = unlimited ]; then
    say check.descriptors "no limit"
    return 0
  fi
  # The table is never smaller than its highest number: one line, where counting takes a look at each.
  number_in "/proc/$pid/status" FDSize:
  case $value in
    '' | *[!0-9]*) ;;
    *)
      if [ $((value + descriptors_needed)) -le "$limit" ]; then
        say check.descriptors "no more than $value of $limit"
        return 0
      fi
      ;;
  esac
  count_descriptors
  if [ -z "$descriptors" ]; then
    say check.descriptors "its limit is $limit; how many are open cannot be read"
    return 0
  fi
  grouped "$descriptors"
  counted=$grouped
  grouped "$limit"
  counted="$counted of $grouped are open (Max open files)"
  room=$((limit - descriptors))
  if [ $room -le 0 ]; then
    refuse descriptors-full "out of file descriptors: $counted"
  fi
  if [ $room -lt $descriptors_needed ]; then
    refuse descriptors-full "almost out of file descriptors: $counted, and a capture needs $descriptors_needed more"
  fi
  say check.descriptors "$counted"
}

# -> descriptors; empty where they cannot be read: only the process's own user may, and root with CAP_SYS_PTRACE.
count_descriptors() {
  set -- "/proc/$pid/fd"/*
  descriptors=
  if [ -L "$1" ]; then descriptors=$#; fi
}
