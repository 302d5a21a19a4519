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

. ./lib/say.sh
. ./lib/proc.sh
. ./lib/cgroup.sh
. ./lib/tools.sh
. ./lib/bounded.sh
. ./lib/ask.sh
. ./collect/recording.sh

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
  if ours "$root$base/flamepin-jvm-$pid-$started"; then
    # There it may be in another place than asprof is here.
    jvm_library=$base/flamepin-jvm-$pid-$started/libasyncProfiler.so
  else
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
      # Asking another JVM would load the profiler there.
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
