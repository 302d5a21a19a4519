#!/bin/sh
set -u
export LC_ALL=C
id=$1 pid=$2 started=$3 mode=$4
asprof_within=60
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
strings_of() { tr '\n\000' ' \n' <"$1" 2>/dev/null; }
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
read_namespace() {
  line_of /proc/sys/kernel/random/boot_id
  namespace=$(readlink /proc/self/ns/pid 2>/dev/null)
  [ -z "$namespace" ] || namespace=$line/$namespace
}
end_start() {
  line_of /proc/uptime
  begun=${line%%.*}
  while find_start; do
    line_of /proc/uptime
    waited=$((${line%%.*} - begun))
    if ending && [ $waited -lt 14 ]; then
      kill -CONT "$start"
    elif [ $waited -lt 7 ]; then
      kill -TERM "$start"
      kill -CONT "$start"
      kill_leaves "$start"
    else
      end_family "$start"
      return 0
    fi
    sleep 0.1 || sleep 1
  done
} 2>/dev/null
ending() {
  for path in "/tmp/flamepin-$id.revoked" "/var/tmp/flamepin-$id.revoked" "/dev/shm/flamepin-$id.revoked" \
    /proc/[0-9]*/root/tmp/"flamepin-$id.revoked" /proc/[0-9]*/root/var/tmp/"flamepin-$id.revoked" \
    /proc/[0-9]*/root/dev/shm/"flamepin-$id.revoked"; do
    if [ -d "$path" ]; then return 0; fi
  done
  return 1
}
find_start() {
  starts=' '
  named=$(grep -lsF -e start_within= /proc/[0-9]*/cmdline)
  for path in $named; do
    path=${path%/cmdline}
    case $newline$(strings_of "$path/cmdline") in
      "${newline}sudo$newline"* | *"${newline}flamepin-run$newline"*) ;;
      *"$newline-c$newline"*"${newline}flamepin$newline$id$newline"*"${newline}linux-"*) starts="$starts${path#/proc/} " ;;
    esac
  done
  for start in $starts; do
    read_stat "$start" || continue
    case $state:$starts in
      Z:* | *" $parent "*) ;;
      *) return 0 ;;
    esac
  done
  return 1
}
abandoned_after=3600
remove_abandoned_tools() { # DIRECTORY
  read_namespace
  for path in "$1"/flamepin-jvm-*; do
    [ -d "$path" ] || continue
    name=${path##*/flamepin-jvm-}
    read_stat "${name%%-*}" || :
    [ "$ticks" != "${name#*-}" ] || continue
    if made_here "$path" || is_old "$path" $abandoned_after; then rm -rf "$path" 2>/dev/null; fi
  done
}
made_here() { # DIRECTORY
  ours "$1" || return 1
  line_of "$1/namespace"
  [ -n "$line" ] && [ "$line" = "$namespace" ]
}
is_old() { # PATH SECONDS
  changed=$(stat -c %Y "$1" 2>/dev/null)
  case $changed in
    '' | *[!0-9]*) return 1 ;;
  esac
  [ $(($(date +%s) - changed)) -gt "$2" ]
}
case $id$pid$started$mode in
  *[!0-9a-z-]*) exit 2 ;;
esac
left() { if [ -e "$1" ]; then printf 'left=%s\n' "$1"; fi; }
if [ "$mode" = leave ]; then end_start; fi
alive=
layout=shared
if [ "$pid" != 0 ]; then
  read_stat "$pid" || :
  if [ "$ticks" = "$started" ]; then alive=1; fi
  if [ -n "$alive" ] && has_own_files "$pid"; then layout=apart; fi
fi
if [ "$mode" != leave ] && [ -n "$alive" ]; then
  tools=
  for base in /tmp /var/tmp /dev/shm; do
    if enter "$base/flamepin-jvm-$pid-$started"; then
      tools=$base/flamepin-jvm-$pid-$started
      break
    fi
  done
  if [ -z "$tools" ] && [ $layout = apart ] && enter /opt/flamepin; then tools=/opt/flamepin; fi
  if [ -n "$tools" ]; then
    jvm_library=$tools/libasyncProfiler.so
    if [ $layout = apart ]; then
      jvm_library=/proc/$$/root$jvm_library
      for base in /tmp /var/tmp /dev/shm; do
        [ -d "/proc/$pid/root$base/flamepin-$id" ] || continue
        if ours "/proc/$pid/root$base/flamepin-jvm-$pid-$started"; then jvm_library=$base/flamepin-jvm-$pid-$started/libasyncProfiler.so; fi
      done
    fi
    if ask_jvm 5 VM.uptime; then bounded 5 ./asprof stop --libpath "$jvm_library" "$pid" >/dev/null 2>&1 </dev/null; fi
    cd /
  fi
fi
if [ "$mode" = end ]; then
  echo ended=1
  exit 0
fi
wanted=
if [ "$mode" = leave ] && [ -n "$alive" ]; then
  # shellcheck disable=SC2010
  wanted=$(ls -l "/proc/$pid/fd" 2>/dev/null | grep '/flamepin-c-[0-9a-z]*/recording\.jfr$' | grep -v "/flamepin-$id/" && :)
fi
for base in /tmp /var/tmp /dev/shm; do
  [ -d "$base" ] || continue
  own=$base/flamepin-$id
  rm -rf "$own.revoked" 2>/dev/null
  left "$own.revoked"
  agent=
  if [ $layout = apart ] && [ -d "$own" ] && ours "$own"; then
    : >"$own/seen-$$"
    [ -e "/proc/$pid/root$own/seen-$$" ] || agent=1
  fi
  rm -rf "$own" 2>/dev/null
  left "$own"
  if [ $layout = apart ]; then
    root=/proc/$pid/root
    if [ -z "$agent" ] && [ ! -L "$root$base" ]; then
      for path in "$root$base/flamepin-$id" "$root$base/flamepin-$id.revoked" "$root$base/flamepin-jvm-$pid-$started"; do
        case $wanted:$path in
          ?*:*/flamepin-jvm-*) continue ;;
        esac
        rm -rf "$path" 2>/dev/null
        left "$path"
      done
    fi
  fi
  if [ "$pid" != 0 ]; then
    if [ -z "$agent$wanted" ]; then
      rm -rf "$base/flamepin-jvm-$pid-$started" 2>/dev/null
      left "$base/flamepin-jvm-$pid-$started"
    fi
  fi
  if [ "$pid" = 0 ] || [ -n "$agent" ]; then remove_abandoned_tools "$base"; fi
  jvm_base=$base
  if [ $layout = apart ] && [ -z "$agent" ] && [ ! -L "$root$base" ]; then jvm_base=$root$base; fi
  for path in "$base"/asprof.*."$pid" "$base"/asprof-log.*."$pid" "$jvm_base"/asprof.*."$pid" "$jvm_base"/asprof-log.*."$pid"; do
    [ -f "$path" ] || continue
    name=${path##*/}
    name=${name#*.}
    polls=0
    while [ -d "/proc/${name%%.*}" ] && [ $polls -lt 5 ]; do
      polls=$((polls + 1))
      sleep 0.2 2>/dev/null || sleep 1
    done
    [ ! -d "/proc/${name%%.*}" ] || continue
    case $ended in
      *" ${name%%.*} "*) ;;
      *) is_old "$path" $asprof_within || continue ;;
    esac
    rm -f "$path" 2>/dev/null
    left "$path"
  done
done
echo cleaned=1
