#!/bin/sh
# Runs inside the target as `sh -c TEXT flamepin`: names the JVMs, so that a pattern can choose among them (RE2, which
# no shell speaks). Prints key=value lines: `jvm` is a pid, the `arg` lines after it are its command line; `listed`,
# how many there are, comes last.
set -u
export LC_ALL=C

# What the scripts print: key=value lines, one for each fact.

newline='
'

# One line for each fact, whatever is in it: another process must not be able to add facts.
say() { # KEY VALUE
  rest=$2
  told=
  while :; do
    case $rest in
      *"$newline"*)
        told="$told${rest%%"$newline"*} "
        rest=${rest#*"$newline"}
        ;;
      *) break ;;
    esac
  done
  printf '%s=%.1500s\n' "$1" "$told$rest"
}
# Command lines of processes.

# NUL-separated strings of a file of /proc -> one a line; newlines in them become blanks.
strings_of() { tr '\n\000' ' \n' <"$1" 2>/dev/null; }

# Prints arguments, each cut: the caller decides which of them are kept.
say_arguments() { # one a line
  shown=0
  IFS=$newline
  set -f
  for argument in $1; do
    shown=$((shown + 1))
    [ $shown -le 150 ] || break
    printf 'arg=%.300s\n' "$argument"
  done
  set +f
  unset IFS
}
# /proc, read with builtins: a fork costs a millisecond, more on a loaded node.

# First line of a file -> line; empty when it cannot be read.
line_of() {
  line=
  { IFS= read -r line <"$1"; } 2>/dev/null || :
}

# /proc/PID/stat -> state, parent, used (clock ticks of CPU), ticks (start time; empty when there is no such process). The name
# in it may hold anything, even newlines and parentheses: what counts follows the last one.
# shellcheck disable=SC2034 # each script reads those that it needs
read_stat() {
  all=
  {
    while IFS= read -r line; do all="$all $line"; done <"/proc/$1/stat"
  } 2>/dev/null || :
  state='' parent='' used=0 ticks='' field=0
  for value in ${all##*") "}; do
    field=$((field + 1))
    case $field in
      1) state=$value ;;
      2) parent=$value ;;
      12 | 13) used=$((used + value)) ;;
      20)
        ticks=$value
        return 0
        ;;
    esac
  done
  return 1
}

# The same of one thread of $pid -> state, used; ticks stay those of the process.
# shellcheck disable=SC2154 # pid is the caller's
read_thread() { # NUMBER
  process_ticks=$ticks
  read_stat "$pid/task/$1"
  thread_read=$?
  ticks=$process_ticks
  return $thread_read
}

# Does a process see other files than we do? The id of a mount differs in every mount namespace, so equal first lines
# mean one file system. A process whose mounts cannot be read is taken for one of ours.
has_own_files() {
  line_of "/proc/$$/mountinfo"
  own_mount=$line
  line_of "/proc/$1/mountinfo"
  [ -n "$line" ] && [ "$line" != "$own_mount" ]
}
# Which processes are JVMs.

# The one mark of HotSpot that every user may read.
is_jvm() {
  for comm in "/proc/$1/task"/*/comm; do
    line_of "$comm"
    [ "$line" = "VM Thread" ] && return 0
  done
  return 1
}

# The JVMs of this container -> candidates, each with a blank before it.
find_jvms() {
  candidates=
  for directory in /proc/[0-9]*; do
    if is_jvm "${directory#/proc/}"; then candidates="$candidates ${directory#/proc/}"; fi
  done
  # With shareProcessNamespace the JVMs of all containers are in sight; those of this one have its mounts. Only an
  # agent beside the JVM, whose image holds asprof, shares nobody's, and cannot tell them apart.
  line_of "/proc/$$/mountinfo"
  own_mount=$line
  own=
  for pid in $candidates; do
    line_of "/proc/$pid/mountinfo"
    [ "$line" != "$own_mount" ] || own="$own $pid"
  done
  if [ -n "$own" ] || [ ! -x /opt/flamepin/asprof ]; then candidates=$own; fi
}

find_jvms
count=0
for pid in $candidates; do
  read_stat "$pid" || continue
  count=$((count + 1))
  say jvm "$pid"
  say_arguments "$(strings_of "/proc/$pid/cmdline")"
done
say listed "$count"
