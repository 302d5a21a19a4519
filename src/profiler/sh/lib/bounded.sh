# A command that may take so many seconds; its exit code, or 137 when it had to be killed. Not timeout(1): busybox
# leaves its watcher behind as an orphan, and a JVM that is process 1 of its container reaps nobody, so that each
# call would cost the pod a process id for good. This watcher and its sleep are waited for here.
bounded() { # SECONDS COMMAND…
  seconds=$1
  shift
  "$@" &
  bounded=$!
  (
    trap 'kill $! 2>/dev/null; wait; exit' TERM
    sleep "$seconds" &
    wait $!
    kill -9 $bounded
  ) >/dev/null 2>&1 </dev/null &
  watcher=$!
  wait $bounded
  bounded_code=$?
  kill $watcher 2>/dev/null
  wait $watcher 2>/dev/null
  return $bounded_code
}
