#!/bin/sh
# Runs inside the target as `sh -c TEXT flamepin ...`: removes what start.sh left for one capture, and first ends its
# session when asked to. Safe to repeat, and the capture's id is enough: after a crash in the middle of start.sh
# nobody may know more. Then the tools of JVMs that live are left, as nobody knows whose session needs them.
#
#   $1 capture id    $2 pid, 0 when unknown    $3 start time of the process (clock ticks), 0 when unknown
#   $4 stop: end the session if it is running; leave: it ends by itself, and needs no file for that; end: end it and
#      remove nothing, for the recording is to be collected
# Prints `left=PATH` for each path of ours that is still there, then `cleaned=1`; for `end`, `ended=1`.
set -u
export LC_ALL=C

id=$1 pid=$2 started=$3 mode=$4

# Seconds: three times what any asprof of ours may take.
asprof_within=60

. ./lib/say.sh
. ./lib/arguments.sh
. ./lib/proc.sh
. ./lib/tools.sh
. ./lib/bounded.sh
. ./lib/ask.sh
. ./lib/namespace.sh
. ./clean-up/end-start.sh
. ./clean-up/abandoned-tools.sh

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
      # Unless we put it into the JVM's own file system; another user's would be loaded.
      for base in /tmp /var/tmp /dev/shm; do
        [ -d "/proc/$pid/root$base/flamepin-$id" ] || continue
        if ours "/proc/$pid/root$base/flamepin-jvm-$pid-$started"; then jvm_library=$base/flamepin-jvm-$pid-$started/libasyncProfiler.so; fi
      done
    fi
    # Asking another JVM would load the profiler there.
    if ask_jvm 5 VM.uptime; then bounded 5 ./asprof stop --libpath "$jvm_library" "$pid" >/dev/null 2>&1 </dev/null; fi
    cd /
  fi
fi

if [ "$mode" = end ]; then
  echo ended=1
  exit 0
fi

# Who waits for the end of another capture's session in this JVM asks with the tools: they stay until then.
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
  # In an agent next to the JVM: the recording was here, and the library stays here for the next time.
  agent=
  if [ $layout = apart ] && [ -d "$own" ] && ours "$own"; then
    # Unless the JVM sees the very same directory.
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
  # An agent on a host leaves the library of each JVM that it has profiled, until that has ended.
  if [ "$pid" = 0 ] || [ -n "$agent" ]; then remove_abandoned_tools "$base"; fi
  # What an asprof that was killed did not remove: asprof.OWN PID.TARGET and asprof-log.OWN PID.TARGET, in the JVM's /tmp.
  jvm_base=$base
  if [ $layout = apart ] && [ -z "$agent" ] && [ ! -L "$root$base" ]; then jvm_base=$root$base; fi
  for path in "$base"/asprof.*."$pid" "$base"/asprof-log.*."$pid" "$jvm_base"/asprof.*."$pid" "$jvm_base"/asprof-log.*."$pid"; do
    [ -f "$path" ] || continue
    name=${path##*/}
    name=${name#*.}
    # Ours may be ending just now: that of a start which was given up is killed as this begins.
    polls=0
    while [ -d "/proc/${name%%.*}" ] && [ $polls -lt 5 ]; do
      polls=$((polls + 1))
      sleep 0.2 2>/dev/null || sleep 1
    done
    [ ! -d "/proc/${name%%.*}" ] || continue
    # It may be at work in another container that shares this directory: only one that we ended ourselves, or that is old.
    case $ended in
      *" ${name%%.*} "*) ;;
      *) is_old "$path" $asprof_within || continue ;;
    esac
    rm -f "$path" 2>/dev/null
    left "$path"
  done
done
echo cleaned=1
