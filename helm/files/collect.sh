#!/bin/sh
# Runs inside the target as `sh -c TEXT flamepin …`: waits until the session that start.sh began is over, then
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

id=$1 pid=$2

say() { printf '%s=%.1500s\n' "$1" "$2"; }

line_of() {
  line=
  { IFS= read -r line <"$1"; } 2>/dev/null || :
}

read_stat() {
  all=
  {
    while IFS= read -r line; do all="$all $line"; done <"/proc/$1/stat"
  } 2>/dev/null || :
  state='' ticks='' field=0
  for value in ${all##*) }; do
    field=$((field + 1))
    case $field in
      1) state=$value ;;
      20)
        ticks=$value
        return 0
        ;;
    esac
  done
  return 1
}

# Names under /tmp can be foreseen, and every user may make one there: only what is ours counts.
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

case $id$2$3$4$6$7 in
  *[!0-9a-z-]*) exit 2 ;;
esac

# As in start.sh: shared, through /proc/PID/root, or beside the JVM as its agent.
root=/proc/$pid/root
recording=$5/flamepin-$id/recording.jfr
tools=$5/flamepin-jvm-$pid-$3
jvm_library=$tools/libasyncProfiler.so
apart=
line_of "/proc/$$/mountinfo"
own_mount=$line
line_of "/proc/$pid/mountinfo"
if [ -n "$line" ] && [ "$line" != "$own_mount" ]; then
  apart=1
  for own in /tmp /var/tmp /dev/shm /opt/flamepin; do
    if [ $own = /opt/flamepin ]; then tools=$own; else tools=$own/flamepin-jvm-$pid-$3; fi
    if enter "$tools"; then break; fi
  done
  # What we did not put into the JVM's own file system is another user's, and the JVM would load it.
  if ! ours "$root$5/flamepin-jvm-$pid-$3"; then
    jvm_library=/proc/$$/root$tools/libasyncProfiler.so
    [ -e "$recording" ] || tools=
  fi
  [ -e "$recording" ] || recording=$root$recording
fi

# The agent opens the file when it starts: without it there is nothing to wait for.
wait=$7
[ -e "$recording" ] || wait=-1
now=$(date +%s)
end=$((now + wait))
polls=0
result=late
while :; do
  line_of /proc/sys/kernel/random/boot_id
  if [ "$line" != "$4" ] || ! read_stat "$pid" || [ "$ticks" != "$3" ]; then
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

# As in start.sh: the JVM's control group, never our own container's.
cgroup_two='' cgroup_cpu=''
{
  while IFS=: read -r number controllers path; do
    case $number:,$controllers, in
      0:,,) cgroup_two=$path ;;
      *,cpu,*) cgroup_cpu=$path ;;
    esac
  done <"/proc/$pid/cgroup"
} 2>/dev/null || :
cgroups=/sys/fs/cgroup
if [ -n "$apart" ]; then
  if [ -f $cgroups/cgroup.controllers ]; then group=$cgroups$cgroup_two; else group=$cgroups/cpu$cgroup_cpu; fi
  case $group in
    */../* | */..) group= ;;
  esac
  [ -d "$group" ] || cgroups=$root/sys/fs/cgroup
  [ -d "$cgroups" ] || cgroups=
fi
if [ $result != gone ]; then
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
fi

say clock "$(date +%s%N)"
if [ ! -f "$recording" ] || [ -L "$recording" ]; then
  say size -1
  echo
  exit 0
fi
size=$(wc -c <"$recording") || exit 3
size=${size##* }
sum=$(sha256sum "$recording") || exit 3
say ended "$(date -r "$recording" +%s%N 2>/dev/null)"
say sha256 "${sum%% *}"
say size "$size"
echo
[ "$size" -gt "$6" ] || cat "$recording"
