# A command that may take so many seconds; its exit code, or 137 when it had to be killed. Not timeout(1): busybox
# leaves its watcher behind as an orphan, and a JVM that is process 1 of its container reaps nobody, so that each
# call would cost the pod a process id for good. This watcher and its sleep are waited for here.
#
# asprof talks to the JVM in a child. Were asprof killed alone, the child would keep our pipe and its request alive.
# So the children are killed first: asprof then removes its temporary files and ends by itself.
at_bound=
bounded() { # SECONDS COMMAND...; at_bound: what the watcher does first when the time is over
  seconds=$1
  shift
  "$@" &
  bounded=$!
  (
    # Not TERM: a sleep that is just being made loses it.
    trap 'kill -9 $! 2>/dev/null; wait; exit 0' TERM
    sleep "$seconds" &
    wait $!
    trap '' TERM
    [ -z "$at_bound" ] || $at_bound
    kill_children $bounded
    polls=0
    while [ -d /proc/$bounded ] && [ $polls -lt 10 ]; do
      polls=$((polls + 1))
      sleep 0.1 2>/dev/null || sleep 1
    done
    kill -9 $bounded
    exit 137
  ) >/dev/null 2>&1 </dev/null &
  watcher=$!
  wait $bounded
  bounded_code=$?
  kill $watcher 2>/dev/null
  [ -z "${KSH_VERSION-}" ] || insist_on_end
  # An asprof whose child was killed says 0.
  wait $watcher 2>/dev/null
  watched=$?
  case $watched in
    137 | 138) bounded_code=$watched ;;
  esac
  return $bounded_code
}

# ksh93 and mksh lose a signal that comes as they begin to wait.
insist_on_end() {
  line_of "/proc/$watcher/cmdline"
  while [ -n "$line" ]; do
    sleep 0.01
    kill $watcher 2>/dev/null
    line_of "/proc/$watcher/cmdline"
  done
}

kill_children() { # PID
  for path in /proc/[0-9]*; do
    if read_stat "${path#/proc/}" && [ "$parent" = "$1" ]; then kill -9 "${path#/proc/}"; fi
  done
} 2>/dev/null
