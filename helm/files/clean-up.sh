#!/bin/sh
# Runs inside the target as `sh -c TEXT flamepin …`: removes what start.sh left for one capture, and first ends its
# session when asked to. Safe to repeat, and it needs nothing but the capture's id: after a crash in the middle of
# start.sh nobody knows more.
#
#   $1 capture id    $2 pid, 0 when unknown    $3 start time of the process (clock ticks), 0 when unknown
#   $4 stop: end the session if it is running; leave: it ends by itself
# Prints `left=PATH` for each path of ours that is still there, then `cleaned=1`.
set -u
export LC_ALL=C

id=$1 pid=$2

case $id$2$3$4 in
  *[!0-9a-z-]*) exit 2 ;;
esac

line_of() {
  line=
  { IFS= read -r line <"$1"; } 2>/dev/null || :
}

# A command that may take so many seconds; its exit code, or 137 when it had to be killed. Not timeout(1): busybox
# leaves its watcher behind as an orphan, and a JVM that is process 1 of its container reaps nobody, so that each
# call would cost the pod a process id for good. This watcher and its sleep are waited for here.
bounded() {
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

# Start time of a process; empty when there is none.
ticks_of() {
  all=
  {
    while IFS= read -r line; do all="$all $line"; done <"/proc/$1/stat"
  } 2>/dev/null || :
  ticks='' field=0
  for value in ${all##*) }; do
    field=$((field + 1))
    if [ $field = 20 ]; then
      ticks=$value
      break
    fi
  done
}

left() { if [ -e "$1" ]; then printf 'left=%s\n' "$1"; fi; }

alive=
layout=shared
if [ "$pid" != 0 ]; then
  ticks_of "$pid"
  if [ "$ticks" = "$3" ]; then alive=1; fi
  line_of "/proc/$$/mountinfo"
  own_mount=$line
  line_of "/proc/$pid/mountinfo"
  if [ -n "$alive" ] && [ -n "$line" ] && [ "$line" != "$own_mount" ]; then layout=apart; fi
fi

if [ "$4" = stop ] && [ -n "$alive" ]; then
  for base in /tmp /var/tmp /dev/shm; do
    tools=$base/flamepin-jvm-$pid-$3
    jvm_library=$tools/libasyncProfiler.so
    if [ ! -x "$tools/asprof" ]; then
      if [ $layout != apart ] || [ ! -x /opt/flamepin/asprof ]; then continue; fi
      tools=/opt/flamepin
    fi
    if [ $layout = apart ] && [ ! -d "/proc/$pid/root$base/flamepin-$id" ]; then
      jvm_library=/proc/$$/root$tools/libasyncProfiler.so
    fi
    bounded 5 "$tools/asprof" stop --libpath "$jvm_library" "$pid" >/dev/null 2>&1 </dev/null
    break
  done
fi

for base in /tmp /var/tmp /dev/shm; do
  [ -d "$base" ] || continue
  own=$base/flamepin-$id
  # Beside the JVM as its agent: the recording was here, and the library stays here for the next time.
  agent=
  if [ $layout = apart ] && [ -d "$own" ]; then
    # Unless the JVM sees the very same directory.
    : >"$own/seen-$$"
    [ -e "/proc/$pid/root$own/seen-$$" ] || agent=1
  fi
  rm -rf "$own" 2>/dev/null
  left "$own"
  if [ $layout = apart ]; then
    root=/proc/$pid/root
    if [ -z "$agent" ] && [ ! -L "$root$base" ]; then
      for path in "$root$base/flamepin-$id" "$root$base/flamepin-jvm-$pid-$3"; do
        rm -rf "$path" 2>/dev/null
        left "$path"
      done
    fi
  fi
  if [ "$pid" != 0 ]; then
    if [ -z "$agent" ]; then
      rm -rf "$base/flamepin-jvm-$pid-$3" 2>/dev/null
      left "$base/flamepin-jvm-$pid-$3"
    fi
  else
    # Nobody knows which JVM it was: libraries of those that are no more.
    for path in "$base"/flamepin-jvm-*; do
      [ -d "$path" ] || continue
      name=${path##*/flamepin-jvm-}
      ticks_of "${name%%-*}"
      [ "$ticks" = "${name#*-}" ] || rm -rf "$path" 2>/dev/null
    done
  fi
  # What an asprof that was killed did not remove: asprof.OWN PID.TARGET and asprof-log.OWN PID.TARGET.
  for path in "$base"/asprof.*."$pid" "$base"/asprof-log.*."$pid"; do
    [ -f "$path" ] || continue
    name=${path##*/}
    name=${name#*.}
    [ ! -d "/proc/${name%%.*}" ] || continue
    rm -f "$path" 2>/dev/null
    left "$path"
  done
done
echo cleaned=1
