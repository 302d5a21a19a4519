#!/bin/sh
set -u
export LC_ALL=C
id=$1 pid=$2 started=$3 booted=$4 base=$5 most=$6 patience=$7
newline='
'
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
line_of() {
  line=
  { IFS= read -r line <"$1"; } 2>/dev/null || :
}
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
# shellcheck disable=SC2154 # pid is the caller's
read_thread() { # NUMBER
  process_ticks=$ticks
  read_stat "$pid/task/$1"
  thread_read=$?
  ticks=$process_ticks
  return $thread_read
}
has_own_files() {
  line_of "/proc/$$/mountinfo"
  own_mount=$line
  line_of "/proc/$1/mountinfo"
  [ -n "$line" ] && [ "$line" != "$own_mount" ]
}
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
find_cgroups() { # own, or apart where the JVM sees other files than we do; PID
  cgroups=/sys/fs/cgroup
  [ "$1" = apart ] || return 0
  if [ -f $cgroups/cgroup.controllers ]; then group=$cgroups$cgroup_two; else group=$cgroups/memory$cgroup_memory; fi
  case $group in
    */../* | */..) group= ;;
  esac
  [ -d "$group" ] || cgroups=/proc/$2/root/sys/fs/cgroup
  [ -d "$cgroups" ] || cgroups=
}
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
ours() { [ ! -L "$1" ] && [ -O "$1" ]; }
enter() {
  if [ "$1" = /opt/flamepin ]; then
    cd "$1" || return
    [ -x asprof ]
  else
    ours "$1" && cd "$1" && ours . && ours asprof && [ -x asprof ]
  fi
} 2>/dev/null
at_bound=
bounded() { # SECONDS COMMAND...; at_bound: what the watcher does first when the time is over, may set `ended_with`
  seconds=$1
  shift
  "$@" &
  bounded=$!
  {
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
  wait_for "$watcher" 2>/dev/null
  case $waited_code in
    137 | 138) bounded_code=$waited_code ;;
  esac
  return "$bounded_code"
}
wait_for() { # PID of a child -> waited_code
  while :; do
    wait "$1"
    waited_code=$?
    if [ $waited_code -le 128 ] || [ ! -d "/proc/$1" ]; then return 0; fi
  done
}
end_watcher() {
  looks=0
  line=running
  while [ -n "$line" ]; do
    [ $((looks % 50)) != 0 ] || kill $watcher 2>/dev/null
    looks=$((looks + 1))
    [ $((looks % 50)) != 0 ] || sleep 0.01 2>/dev/null || sleep 1
    line_of "/proc/$watcher/cmdline"
  done
}
ended=' '
end_family() { # PID
  rounds=0
  while [ -d "/proc/$1" ] && [ $rounds -lt 20 ]; do
    rounds=$((rounds + 1))
    if [ $rounds -lt 10 ]; then kill_leaves "$1"; else kill_leaves "$1" all; fi
    sleep 0.1 2>/dev/null || sleep 1
  done
  kill -9 "$1" 2>/dev/null
}
kill_leaves() { # PID [all]
  asleep=' '
  for path in /proc/[0-9]*; do
    read_stat "${path#/proc/}" || continue
    case $state:${2-} in
      S:* | [!Z]:all) asleep="$asleep${path#/proc/} " ;;
    esac
  done
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
# shellcheck disable=SC2034 # each script reads those that it needs
ask_jvm() { # SECONDS COMMAND
  note_runs
  said=$(bounded "$1" ./asprof jcmd "$pid" "$2" 2>&1 </dev/null)
  code=$?
  case $said in
    *"JVM response code"*) answered_by_it ;;
  esac
}
note_runs() {
  listeners=
  count_runs
  runs_before=$runs
}
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
print_recording() {
  if [ -f "$recording" ] && [ ! -L "$recording" ] && exec 3<"$recording" && is_of_jvm; then
    sum=$(head -c "$size" /proc/self/fd/3 3<&3 | sha256sum && :)
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
is_of_jvm() {
  # shellcheck disable=SC2046 # words
  set -- $(ls -ldn "${recording%/*}")
  mode=${1-} owner=${3-}
  case $mode in
    d*) ;;
    *) return 1 ;;
  esac
  # shellcheck disable=SC2046 # words
  set -- $(ls -lnL /proc/self/fd/3 3<&3)
  mode=${1-} links=${2-} opened=${3-} size=${5-}
  case $mode:$links:$opened in
    -*:1:"$owner") ;;
    *) return 1 ;;
  esac
}
case $id$pid$started$booted$most$patience in
  *[!0-9a-z-]*) exit 2 ;;
esac
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
  if ours "$root$base/flamepin-jvm-$pid-$started"; then
    jvm_library=$base/flamepin-jvm-$pid-$started/libasyncProfiler.so
  else
    jvm_library=/proc/$$/root$tools/libasyncProfiler.so
    [ -e "$recording" ] || tools=
  fi
  [ -e "$recording" ] || recording=$root$recording
fi
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
      result=late
      if [ -n "$tools" ] && enter "$tools" && ask_jvm 5 VM.uptime; then
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
