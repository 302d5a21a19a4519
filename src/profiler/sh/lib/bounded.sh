# A command that may take so many seconds; its exit code, or 137 when it had to be ended. Not timeout(1): busybox
# leaves its watcher behind as an orphan. This watcher and its sleep are waited for here.
at_bound=
bounded() { # SECONDS COMMAND...; at_bound: what the watcher does first when the time is over, may set `ended_with`
  seconds=$1
  shift
  "$@" &
  bounded=$!
  # Braces: yash forks once more for parentheses, and the one that it tells us of does not pass a signal on.
  {
    # Not TERM: a sleep that is just being made loses it.
    trap 'trap "" TERM; kill -9 $! 2>/dev/null; wait_for $!; wait; exit 0' TERM
    sleep "$seconds" &
    wait $!
    trap '' TERM
    ended_with=137
    [ -z "$at_bound" ] || $at_bound
    end_family "$bounded"
    exit "$ended_with"
  } >/dev/null 2>&1 </dev/null &
  watcher=$!
  wait_for "$bounded"
  bounded_code=$waited_code
  end_watcher
  # An asprof whose child was killed says 0.
  wait_for "$watcher" 2>/dev/null
  case $waited_code in
    137 | 138) bounded_code=$waited_code ;;
  esac
  return "$bounded_code"
}

# `wait` returns early when a signal comes that is trapped, and the child would outlive us.
wait_for() { # PID of a child -> waited_code
  while :; do
    wait "$1"
    waited_code=$?
    if [ $waited_code -le 128 ] || [ ! -d "/proc/$1" ]; then return 0; fi
  done
}

# Again and again: a watcher that has only just been started loses the signal in dash, bash and busybox where we trap it
# ourselves, and in ksh93 and mksh one that begins to wait does.
end_watcher() {
  looks=0
  line=running
  while [ -n "$line" ]; do
    [ $((looks % 50)) != 0 ] || kill $watcher 2>/dev/null
    # It takes a millisecond; so does starting a process.
    looks=$((looks + 1))
    [ $((looks % 50)) != 0 ] || sleep 0.01 2>/dev/null || sleep 1
    line_of "/proc/$watcher/cmdline"
  done
}

# What was ended, each between blanks.
ended=' '

# Ends a process of ours and everything it started, children before their parents. A process that outlives its parent
# becomes a child of process 1, and where that is the JVM, nobody ever waits for it: the zombie costs the container a
# process id for good. Also, asprof talks to the JVM in a child: killed alone, it would leave that child at work, and
# once its child is dead it removes its temporary files and ends by itself.
end_family() { # PID
  rounds=0
  while [ -d "/proc/$1" ] && [ $rounds -lt 20 ]; do
    rounds=$((rounds + 1))
    # Whoever is still there after half of the rounds does not end by itself.
    if [ $rounds -lt 10 ]; then kill_leaves "$1"; else kill_leaves "$1" all; fi
    sleep 0.1 2>/dev/null || sleep 1
  done
  kill -9 "$1" 2>/dev/null
}

# Kills the descendants of a process that sleep and have no child, not even a dead one that is still to be waited for.
# One that runs may be about to start a child, and is left to it; `all` kills it too, and the process itself.
kill_leaves() { # PID [all]
  asleep=' '
  for path in /proc/[0-9]*; do
    read_stat "${path#/proc/}" || continue
    case $state:${2-} in
      S:* | [!Z]:all) asleep="$asleep${path#/proc/} " ;;
    esac
  done
  # Looked up afterwards: whoever sleeps already has the child that it waits for.
  pairs=
  for path in /proc/[0-9]*; do
    if read_stat "${path#/proc/}"; then pairs="$pairs ${path#/proc/}:$parent"; fi
  done
  family=" $1 "
  grown=1
  while [ -n "$grown" ]; do
    grown=
    for pair in $pairs; do
      case $family in
        *" ${pair%:*} "*) continue ;;
        *" ${pair#*:} "*) family="$family${pair%:*} " grown=1 ;;
      esac
    done
  done
  for one in $family; do
    case "$pairs " in
      *":$one "*) continue ;;
    esac
    [ "$one" != "$1" ] || [ -n "${2-}" ] || continue
    case $asleep in
      *" $one "*) kill -9 "$one" && ended="$ended$one " ;;
    esac
  done
} 2>/dev/null
