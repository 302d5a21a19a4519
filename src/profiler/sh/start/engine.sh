# What interrupts threads for cpu samples. ctimer is a timer of each thread: one that lives for milliseconds, or that of
# a thousand uses little, ends before its timer does. itimer is one timer of the process. Measured with async-profiler
# 4.5 on JDK 17, share of the process's CPU time that was sampled in 8 s: threads of 5 ms each 3 % by ctimer and 100 %
# by itimer; 1,000 threads that take turns 15 % and 81 %; one busy thread all of it by both.

# Threads that end between the looks of one start, some hundred milliseconds: a JVM that keeps its threads has none.
most_ended=1
# From here on threads are taken for a pool whose members share the work.
many_threads=500
# Of a list of threads that is longer nothing is kept.
most_watched=4096

watched='' threads_ended=0 threads_now=0

# Looks which threads there are, and which of those of the last look have ended.
watch_threads() {
  # shellcheck disable=SC2086 # paths of numbers
  set -- $watched
  for thread; do
    [ -d "$thread" ] || threads_ended=$((threads_ended + 1))
  done
  # shellcheck disable=SC2154 # pid is the caller's
  set -- "/proc/$pid/task"/*
  threads_now=$#
  watched=
  [ $# -gt $most_watched ] || watched=$*
}

# shellcheck disable=SC2034 # for session.sh
# -> engine_reason: why cpu is sampled by itimer; empty where ctimer will do.
choose_engine() {
  watch_threads
  # One may have ended by chance: looked at a little longer, it is the only one.
  looks=0
  while [ $threads_ended -gt 0 ] && [ $threads_ended -le $most_ended ] && [ $looks -lt 6 ]; do
    looks=$((looks + 1))
    sleep 0.02 2>/dev/null || :
    watch_threads
  done
  engine_reason=
  if [ $threads_ended -gt $most_ended ]; then
    engine_reason="its threads live for milliseconds ($threads_ended ended while it was looked at)"
  elif [ $threads_now -ge $many_threads ]; then
    engine_reason="it has $threads_now threads, which may share little work each"
  elif lacks_timers; then
    engine_reason="$timers_left timers are left for its user, for $threads_now threads"
  fi
}

# Each timer is a pending signal that is kept in reserve: SigQ of /proc/PID/status, those of the user and the limit.
lacks_timers() {
  queued=
  {
    while read -r key value; do
      [ "$key" != SigQ: ] || queued=$value
    done <"/proc/$pid/status"
  } 2>/dev/null || :
  case $queued in
    *[!0-9/]* | '' | */*/*) return 1 ;;
    */*) timers_left=$((${queued#*/} - ${queued%/*})) ;;
    *) return 1 ;;
  esac
  [ $timers_left -lt $((threads_now + 16)) ]
}

# itimer fires at the kernel's ticks alone, 250 a second with most kernels, however many processors the process has at
# work meanwhile: at async-profiler's own 10 ms it would see no more than two or three of them. Milliseconds of the
# process's CPU time, one tick for each processor.
itimer_interval() { # -> interval
  interval=0
  {
    while read -r key value; do
      case $key in
        cpu[0-9]*) interval=$((interval + 4)) ;;
      esac
    done </proc/stat
  } 2>/dev/null || :
  [ $interval -ge 10 ] || interval=10
}
