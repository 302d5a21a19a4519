# Asking a JVM, and whether it is that JVM which answers. Requests go through the socket /tmp/.java_pidN. Containers that share
# a /tmp, as those of a pod with an emptyDir there, and whose JVMs have the same pid, as process 1, have it at the same path:
# whichever JVM was attached to last answers for both.

# A command of jcmd that changes nothing -> said, code; fails where another JVM has answered. 2 ms where the JVM was asked
# before.
# shellcheck disable=SC2034 # each script reads those that it needs
ask_jvm() { # SECONDS COMMAND
  note_runs
  said=$(bounded "$1" ./asprof jcmd "$pid" "$2" 2>&1 </dev/null)
  code=$?
  case $said in
    *"JVM response code"*) answered_by_it ;;
  esac
}

# Before a request.
note_runs() {
  listeners=
  count_runs
  runs_before=$runs
}

# After its answer: was it this JVM? Its thread is back in its wait a moment after it has answered.
answered_by_it() {
  looks=0
  while :; do
    count_runs
    [ "$runs" = "$runs_before" ] || return 0
    looks=$((looks + 1))
    [ $looks -lt 20 ] || return 1
    sleep 0.1 2>/dev/null || sleep 1
  done
}

# What its thread that takes requests has read -> runs: how often, or where that is for others to know, how often it has run;
# 0 while there is no such thread, which is until the first request. Runs alone say too much while a profiler wakes every
# thread to sample it. Where the kernel counts neither, as under gVisor, and where threads have no names, as in early
# versions of JDK 8, each look differs: nothing is known then.
uncounted=0
count_runs() {
  runs=0
  counted=
  [ -n "$listeners" ] || find_listeners
  [ -n "$listeners" ] || [ -z "$named" ] || return 0
  for listener in $listeners; do
    {
      while read -r key value; do
        case $key in
          syscr:) counted=1 runs=$((runs + value)) ;;
        esac
      done <"$listener/io"
    } 2>/dev/null || :
  done
  [ -z "$counted" ] || return 0
  for listener in $listeners; do
    {
      while read -r key value; do
        case $key in
          *voluntary_ctxt_switches:) counted=1 runs=$((runs + value)) ;;
        esac
      done <"$listener/status"
    } 2>/dev/null || :
  done
  [ -z "$counted" ] || return 0
  uncounted=$((uncounted + 1))
  runs=-$uncounted
}

# Threads that the listener starts inherit its name: the one with which async-profiler samples the wall clock is not told
# from it, but never reads.
find_listeners() { # -> listeners, their directories in /proc; named, whether threads have names
  listeners=
  named=
  for task in "/proc/$pid/task"/*; do
    line_of "$task/comm"
    case $line in
      "VM Thread") named=1 ;;
      "Attach Listener") listeners="$listeners $task" ;;
    esac
  done
}
