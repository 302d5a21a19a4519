#!/bin/sh
# Runs inside the target as `sh -c TEXT flamepin ...`: waits until the session that start.sh began is over, then
# prints the recording. The file stays: whoever called checks size and hash and may call again.
#
#   $1 capture id    $2 pid    $3 start time of the process (clock ticks)    $4 boot id
#   $5 directory that holds what start.sh made: /tmp, /var/tmp or /dev/shm
#   $6 most bytes to print    $7 seconds to wait for the end of the session
# Prints key=value lines, an empty line, and the bytes of the recording if there are any:
#   state      over: the profiler has stopped; gone: the process has ended or another has its pid;
#              stopped: it is in state T and cannot answer; late: the wait is over, the session is not
#   size, sha256, ended (time of the last write, nanoseconds or whole seconds), cpu.*
set -u
export LC_ALL=C

id=$1 pid=$2 started=$3 booted=$4 base=$5 most=$6 patience=$7

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
# The JVM's control group, v2 or v1.

# /proc/PID/cgroup -> cgroup_two, cgroup_memory, cgroup_cpu, cgroup_pids, cgroup_freezer: the group's path in each
# hierarchy.
# shellcheck disable=SC2034 # each script reads those that it needs
read_cgroups() {
  cgroup_two='' cgroup_memory='' cgroup_cpu='' cgroup_pids='' cgroup_freezer=''
  {
    while IFS=: read -r number controllers path; do
      case $number:,$controllers, in
        0:,,) cgroup_two=$path ;;
        *,memory,*) cgroup_memory=$path ;;
        *,cpu,*) cgroup_cpu=$path ;;
        *,pids,*) cgroup_pids=$path ;;
        *,freezer,*) cgroup_freezer=$path ;;
      esac
    done <"/proc/$1/cgroup"
  } 2>/dev/null || :
}

# Where the group can be seen -> cgroups. /sys/fs/cgroup of an agent beside the JVM is that of its own container, which
# says nothing about the JVM's. The JVM's own has its group as the root. Empty: nowhere, and then no numbers are better
# than ours.
find_cgroups() { # own, or apart where the JVM sees other files than we do; PID
  cgroups=/sys/fs/cgroup
  [ "$1" = apart ] || return 0
  if [ -f $cgroups/cgroup.controllers ]; then group=$cgroups$cgroup_two; else group=$cgroups/memory$cgroup_memory; fi
  # A group beside ours is called /../NAME.
  case $group in
    */../* | */..) group= ;;
  esac
  [ -d "$group" ] || cgroups=/proc/$2/root/sys/fs/cgroup
  [ -d "$cgroups" ] || cgroups=
}

# Prints cpu.stat of the group as cpu.KEY=VALUE.
say_cpu_stat() {
  cpu_stat=
  if [ -f "$cgroups/cgroup.controllers" ]; then
    cpu_stat=$cgroups${cgroup_two%/}/cpu.stat
    [ -f "$cpu_stat" ] || cpu_stat=$cgroups/cpu.stat
  elif [ -n "$cgroups" ]; then
    cpu_stat=$cgroups/cpu${cgroup_cpu%/}/cpu.stat
    [ -f "$cpu_stat" ] || cpu_stat=$cgroups/cpu/cpu.stat
    line_of "$cgroups/cpuacct${cgroup_cpu%/}/cpuacct.usage"
    [ -n "$line" ] || line_of "$cgroups/cpuacct/cpuacct.usage"
    [ -z "$line" ] || say cpu.usage_nanos "$line"
  fi
  {
    while read -r key value; do say "cpu.$key" "$value"; done <"$cpu_stat"
  } 2>/dev/null || :
}
# Files of ours in directories that everybody may write to. Names under /tmp can be foreseen, and every user may make
# one there first: only what belongs to us counts.

ours() { [ ! -L "$1" ] && [ -O "$1" ]; }

# Goes into a directory of tools, to run ./asprof: the path can be given to another directory, where we are cannot.
# /opt/flamepin is part of the image.
enter() {
  if [ "$1" = /opt/flamepin ]; then
    cd "$1" || return
    [ -x asprof ]
  else
    ours "$1" && cd "$1" && ours . && ours asprof && [ -x asprof ]
  fi
} 2>/dev/null
# A command that may take so many seconds; its exit code, or 137 when it had to be killed. Not timeout(1): busybox
# leaves its watcher behind as an orphan, and a JVM that is process 1 of its container reaps nobody, so that each
# call would cost the pod a process id for good. This watcher and its sleep are waited for here.
#
# asprof talks to the JVM in a child. Were asprof killed alone, the child would keep our pipe and its request alive.
# So the children are killed first: asprof then removes its temporary files and ends by itself.
bounded() { # SECONDS COMMAND...
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
  [ $? != 137 ] || bounded_code=137
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
# The recording lies in a directory that belongs to the user of the JVM, who can put anything there, or another directory
# in its place, while root reads. So it is opened once, and what was opened is looked at, not what the path says:
# only a file of that user counts. A pipe would keep us waiting as it is opened: call this with a bound.

# Prints ended, sha256 and size, an empty line and the bytes, if there are not too many; size=-1 without a recording.
print_recording() {
  if [ -f "$recording" ] && [ ! -L "$recording" ] && exec 3<"$recording" && is_of_jvm; then
    sum=$(head -c "$size" /proc/self/fd/3 3<&3 | sha256sum)
    say ended "$(date -r /proc/self/fd/3 +%s%N 2>/dev/null 3<&3)"
    say sha256 "${sum%% *}"
    say size "$size"
    echo
    [ "$size" -gt "$most" ] || head -c "$size" /proc/self/fd/3 3<&3
  else
    say size -1
    echo
  fi
}

# Is descriptor 3 a file with one name, of the user to whom the directory belongs? -> size
is_of_jvm() {
  read -r mode _ owner _ <<END
$(ls -ldn "${recording%/*}")
END
  case $mode in
    d*) ;;
    *) return 1 ;;
  esac
  read -r mode links opened _ size _ <<END
$(ls -lnL /proc/self/fd/3 3<&3)
END
  case $mode:$links:$opened in
    -*:1:"$owner") ;;
    *) return 1 ;;
  esac
}

case $id$pid$started$booted$most$patience in
  *[!0-9a-z-]*) exit 2 ;;
esac

# As in start.sh: shared, through /proc/PID/root, or beside the JVM as its agent.
root=/proc/$pid/root
recording=$base/flamepin-$id/recording.jfr
tools=$base/flamepin-jvm-$pid-$started
jvm_library=$tools/libasyncProfiler.so
files=own
if has_own_files "$pid"; then
  files=apart
  for own in /tmp /var/tmp /dev/shm /opt/flamepin; do
    if [ $own = /opt/flamepin ]; then tools=$own; else tools=$own/flamepin-jvm-$pid-$started; fi
    if enter "$tools"; then break; fi
  done
  # What we did not put into the JVM's own file system is another user's, and the JVM would load it.
  if ! ours "$root$base/flamepin-jvm-$pid-$started"; then
    jvm_library=/proc/$$/root$tools/libasyncProfiler.so
    [ -e "$recording" ] || tools=
  fi
  [ -e "$recording" ] || recording=$root$recording
fi

# The agent opens the file when it starts: without it there is nothing to wait for.
wait=$patience
[ -e "$recording" ] || wait=-1
now=$(date +%s)
end=$((now + wait))
polls=0
result=late
while :; do
  line_of /proc/sys/kernel/random/boot_id
  if [ "$line" != "$booted" ] || ! read_stat "$pid" || [ "$ticks" != "$started" ]; then
    result=gone
    break
  fi
  case $state in
    Z | X)
      result=gone
      break
      ;;
    T | t) result=stopped ;;
    *)
      # Status takes the lock that the dump holds, so `not active` also says that the file is complete.
      # Each time from the path: a start that is refused meanwhile puts new tools there.
      result=late
      if [ -n "$tools" ] && enter "$tools"; then
        case $(bounded 5 ./asprof status --libpath "$jvm_library" "$pid" 2>&1 </dev/null) in
          *"is not active"*)
            result=over
            break
            ;;
        esac
      fi
      ;;
  esac
  [ "$(date +%s)" -le "$end" ] || break
  polls=$((polls + 1))
  if [ $polls -lt 40 ]; then pause=0.05; else pause=0.25; fi
  sleep $pause 2>/dev/null || sleep 1
done
say state $result

if [ $result != gone ]; then
  read_cgroups "$pid"
  find_cgroups "$files" "$pid"
  say_cpu_stat
fi

say clock "$(date +%s%N)"
bounded 110 print_recording
