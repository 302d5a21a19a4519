# Room for threads. HotSpot ends the JVM when it cannot start the thread that listens for attaching (seen on JDK 8 to
# 25), so this comes before everything else, and without starting a process: ours count in the same limits.

# A capture takes 8 at once: 3 threads in the JVM (the attach listener, the profiler's timer and its wall clock
# sampler; async-profiler 4.5 on JDK 17 and 25) and 5 processes of ours where we share a limit with it ($(...), asprof,
# its child, the watcher of `bounded` and its sleep). As many again for what the application starts meanwhile.
threads_needed=16
# What was learned, in words, each after "; ".
threads_known=

look_at_threads() {
  threads_known=
  look_at_group_threads "its control group"
  look_at_user_threads
  # Now processes are started. Where that fails most shells end: then these are their last words.
  trap refuse_without_forks EXIT
  look_at_machine_threads
  try_what_cannot_be_seen
  trap - EXIT
  say check.threads "${threads_known#; }"
}

# Each level of the JVM's control group that can be seen.
look_at_group_threads() { # NAME
  levels_hidden=1
  least_room=
  if [ -z "$cgroups" ]; then
    threads_known="; its control group cannot be seen"
    return 0
  fi
  if [ -f "$cgroups/cgroup.controllers" ]; then
    hierarchy=$cgroups at=${cgroup_two%/}
  else
    hierarchy=$cgroups/pids at=${cgroup_pids%/}
  fi
  [ -d "$hierarchy$at" ] || at=
  where=$1
  level=0
  while [ $level -lt 12 ]; do
    level=$((level + 1))
    room_in_group "$hierarchy$at" "$where"
    case $at in
      */*) at=${at%/*} ;;
      *) break ;;
    esac
    where="the control group ${at:-/}"
  done
  # Only the root of a whole hierarchy has no limit of its own and no events; what a container sees as its root has.
  if [ -f "$hierarchy/cgroup.procs" ] && [ ! -e "$hierarchy/pids.max" ] && [ ! -e "$hierarchy/cgroup.events" ]; then
    levels_hidden=
  fi
  threads_known="$threads_known; ${least_room:-no limit in its control group}"
}

room_in_group() { # DIRECTORY NAME
  line_of "$1/pids.max"
  limit=$line
  line_of "$1/pids.current"
  case $limit:$line in
    *[!0-9:]* | :* | *:) return 0 ;;
  esac
  room_for_threads "$line" "$limit" "in $2"
  if [ -z "$least_room" ] || [ $room -lt "$least" ]; then
    least=$room
    least_room=$counted
  fi
}

# USED LIMIT WHERE -> room, counted (in words); refuses when there is not enough.
room_for_threads() {
  room=$(($2 - $1))
  grouped "$1"
  counted=$grouped
  grouped "$2"
  counted="$counted of $grouped $3"
  [ $room -lt $threads_needed ] || return 0
  trap - EXIT
  no_fork=1
  biggest_thread_group
  if [ $room -le 0 ]; then
    refuse threads-full "out of threads: $counted$biggest"
  fi
  refuse threads-full "almost out of threads: $counted, and a capture needs $threads_needed more$biggest"
}

# The fourth field of /proc/loadavg, running/all -> machine_threads.
machine_threads() {
  line_of /proc/loadavg
  machine_threads=${line#*/}
  machine_threads=${machine_threads%% *}
  case $machine_threads in
    '' | *[!0-9]*) machine_threads= ;;
  esac
}

# Read with cat: integers of /proc/sys give a shell that reads byte by byte (dash) their first digit alone.
look_at_machine_threads() {
  machine_threads
  [ -n "$machine_threads" ] || return 0
  # shellcheck disable=SC2046 # two numbers
  set -- $(cat /proc/sys/kernel/threads-max /proc/sys/kernel/pid_max 2>/dev/null)
  [ $# = 2 ] || return 0
  room_for_threads "$machine_threads" "$1" "on the machine (kernel.threads-max)"
  # Since Linux 6.14 a PID namespace may have its own: one below what the machine holds is not the machine's.
  [ "$machine_threads" -gt "$2" ] || room_for_threads "$machine_threads" "$2" "on the machine (kernel.pid_max)"
}

# Limits of the pod above the container, and threads of the same user in other containers, cannot be seen from a
# container. There is one way to know: as many processes as a capture needs, at once, for some milliseconds. From
# inside the JVM's container, or from one beside it in the pod, they count in the same limits.
try_what_cannot_be_seen() {
  [ -n "$levels_hidden$user_limit" ] || return 0
  tried=9
  # Another user than the JVM's has another limit.
  if [ $layout != through ] && { [ -z "$user_limit" ] || [ "$own_uid" = "$owner" ]; }; then
    # `bounded` takes three by itself: the first of them, its watcher and the sleep of that.
    if may_retry; then at_bound=see_whether_fork_failed; fi
    bounded 10 start_at_once $((threads_needed - 3)) "$user_limit" >/dev/null 2>&1 </dev/null
    tried=$?
    at_bound=
  fi
  case $tried in
    0) threads_known="$threads_known; $threads_needed more could be started" ;;
    9) threads_known="$threads_known; other limits cannot be seen from here" ;;
    # Slow, as in a throttled container, and no fork was seen to fail. Nobody knows then whether attaching is safe.
    137)
      trap - EXIT
      refuse exec-timeout "starting $threads_needed processes took longer than 10 s, so nobody can tell whether the JVM has room for more threads"
      ;;
    *) refuse_without_forks ;;
  esac
}

refuse_without_forks() {
  trap - EXIT
  no_fork=1
  # Those that could be started end as soon as one of them cannot start the next.
  wait
  biggest_thread_group
  refuse threads-full "out of threads: $threads_needed processes could not be started at once here, so a limit of the pod or of user $uid is reached; visible from here: ${threads_known#; }$biggest"
}

# These try a fork that failed again, for 15 s and more. The others end at once.
may_retry() { [ -n "${BASH_VERSION-}${KSH_VERSION-}" ]; }

# In the watcher of `bounded`, without a fork: 138 when a fork has failed. Whoever tries one again sleeps in between and
# has no child; whoever is only slow is ready to run, or waits for its child.
see_whether_fork_failed() {
  looks=0
  sleeps=0
  while [ $looks -lt 9 ]; do
    looks=$((looks + 1))
    innermost "$bounded"
    [ "$state" != S ] || sleeps=$((sleeps + 1))
  done
  # shellcheck disable=SC2034 # the watcher's
  [ $sleeps -lt 5 ] || ended_with=138
}

# The last one of a chain of children -> inner, and its state and used.
innermost() { # PID
  inner=$1
  pairs=' '
  for path in /proc/[0-9]*; do
    if read_stat "${path#/proc/}"; then pairs="$pairs$parent:${path#/proc/} "; fi
  done
  while :; do
    case $pairs in
      *" $inner:"*)
        inner=${pairs#*" $inner:"}
        inner=${inner%%" "*}
        ;;
      *) break ;;
    esac
  done
  read_stat "$inner" || :
}

start_at_once() { # NUMBER LIMIT: under the JVM's own limit of processes; 9 when it cannot be set
  if [ -n "$2" ]; then
    # dash and busybox ash call it -p, the others -u. Neither is POSIX: where there is none, nothing is tried.
    # shellcheck disable=SC3045
    { ulimit -S -u "$2" || ulimit -S -p "$2" || exit 9; } 2>/dev/null
  fi
  nest "$1"
}

# So many processes, each the child of the one before and waiting for it.
nest() {
  [ "$1" -gt 0 ] || return 0
  nest $(($1 - 1)) &
  wait $!
}
