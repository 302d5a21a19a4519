#!/bin/sh
# Runs inside the target as `sh -c TEXT flamepin …`: finds the JVM, looks before it touches, unpacks the profiler
# from stdin and starts it with a timeout that the agent in the JVM keeps by itself. Everything is bounded here,
# because whoever called may be gone.
#
# The text is constant (script.ts joins it with its parts) and every parameter matches a strict pattern, so that an
# admission policy can pin both; the payload's hash is one of them, so nothing but that payload is unpacked or run.
#   $1 capture id              $2 seconds                 $3 candidates: `any`, or pids joined by commas
#   $4 architecture            $5 bytes of asprof, which the payload begins with; the library is the rest
#   $6 SHA-256 of the payload, hexadecimal
# Prints key=value lines: `refused` is a code of reasons.ts, with `detail`; the last line of a success is `started=1`.
# Exit code 0 whenever the lines are complete.
#
# busybox ash, dash and bash. Builtins wherever they do: a fork costs a millisecond, more on a loaded node.
set -u
umask 077
export LC_ALL=C

id=$1 duration=$2 asked=$3 architecture=$4 asprof_bytes=$5 sha256=$6

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

# NUL-separated strings of a file of /proc → one a line; newlines in them become blanks.
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

# First line of a file → line; empty when it cannot be read.
line_of() {
  line=
  { IFS= read -r line <"$1"; } 2>/dev/null || :
}

# /proc/PID/stat → state, parent, used (clock ticks of CPU), ticks (start time; empty when there is no such process). The name
# in it may hold anything, even newlines and parentheses: what counts follows the last one.
# shellcheck disable=SC2034 # each script reads those that it needs
read_stat() {
  all=
  {
    while IFS= read -r line; do all="$all $line"; done <"/proc/$1/stat"
  } 2>/dev/null || :
  state='' parent='' used=0 ticks='' field=0
  for value in ${all##*) }; do
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

# The JVMs of this container → candidates, each with a blank before it.
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
# The JVM's control group, v2 or v1.

# /proc/PID/cgroup → cgroup_two, cgroup_memory, cgroup_cpu: the group's path in each hierarchy.
read_cgroups() {
  cgroup_two='' cgroup_memory='' cgroup_cpu=''
  {
    while IFS=: read -r number controllers path; do
      case $number:,$controllers, in
        0:,,) cgroup_two=$path ;;
        *,memory,*) cgroup_memory=$path ;;
        *,cpu,*) cgroup_cpu=$path ;;
      esac
    done <"/proc/$1/cgroup"
  } 2>/dev/null || :
}

# Where the group can be seen → cgroups. /sys/fs/cgroup of an agent beside the JVM is that of its own container, which
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
bounded() { # SECONDS COMMAND…
  seconds=$1
  shift
  "$@" &
  bounded=$!
  (
    trap 'kill $! 2>/dev/null; wait; exit 0' TERM
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
  # An asprof whose child was killed says 0.
  wait $watcher 2>/dev/null
  [ $? != 137 ] || bounded_code=137
  return $bounded_code
}

kill_children() { # PID
  for path in /proc/[0-9]*; do
    if read_stat "${path#/proc/}" && [ "$parent" = "$1" ]; then kill -9 "${path#/proc/}"; fi
  done
} 2>/dev/null
# Refusing: nothing of ours stays, and the reason is said.

layout=shared
drained=
recording_dir=
tools=
placed=
shared_with=

refuse() { # CODE DETAIL
  remove_ours
  drain
  say detail "$2"
  say refused "$1"
  exit 0
}

remove_ours() {
  [ -z "$recording_dir" ] || rm -rf "$recording_dir"
  # A directory that was there before may belong to a session that is running.
  [ -z "$shared_with" ] || return 0
  [ -z "$placed" ] || rm -rf "$placed"
  [ -z "$tools" ] || [ "$tools" = /opt/flamepin ] || [ "$layout" = agent ] || rm -rf "$tools"
}

# Where nothing of the payload is used it is read all the same: it arrives whole only from a flamepin that still waits.
drain_payload() {
  drained=1
  check_sum "$(sha256sum)"
}

check_sum() { # what sha256sum printed
  [ "${1%% *}" = "$sha256" ] || refuse payload-rejected "SHA-256 ${1%% *}, expected $sha256"
}

# Status and output of an exec get stuck when it ends before its stdin was read: read the rest.
drain() {
  [ -n "$drained" ] || cat >/dev/null
  drained=1
}
# A container without CPU may run us long after flamepin gave up on this start, or ended. Then nothing may begin.

# Seconds from our first line to the start: flamepin waits for 80 s at most, of which the start may take 25.
start_within=45

revoked=
# clean-up.sh says so, and waits until we have ended.
trap 'revoked=1' TERM
# Whoever reads what we say may be gone: we still have to remove what is ours.
trap '' PIPE

note_begin() {
  line_of /proc/uptime
  begun=${line%%.*}
}

refuse_if_given_up() {
  [ -z "$revoked" ] || refuse interrupted "flamepin has given up on this start"
  say ready 1 2>/dev/null || refuse interrupted "nobody hears whether it starts"
  line_of /proc/uptime
  case ${line%%.*}:$begun in
    *[!0-9:]* | :* | *:) return 0 ;;
  esac
  if [ $((${line%%.*} - begun)) -gt $start_within ]; then
    refuse exec-timeout "it took $((${line%%.*} - begun)) s to get ready, $start_within are allowed"
  fi
}
# Which JVM.

# The candidates that are JVMs → pid, choice (the reason, when there were several).
choose_jvm() {
  find_candidates
  count=0
  for pid in $candidates; do count=$((count + 1)); done
  [ $count != 0 ] || refuse_nothing_to_profile
  pid=${candidates# }
  choice=
  [ $count = 1 ] || choose_busiest
}

find_candidates() {
  if [ "$asked" = any ]; then
    find_jvms
    return
  fi
  candidates=
  waiting=$asked,
  while [ -n "$waiting" ]; do
    pid=${waiting%%,*}
    waiting=${waiting#*,}
    if is_jvm "$pid"; then candidates="$candidates $pid"; fi
  done
}

refuse_nothing_to_profile() {
  case $asked in
    any) refuse not-a-jvm "no process here has a VM thread" ;;
    *,*) refuse target-gone "none of the processes $asked is a JVM any more" ;;
  esac
  if [ -d "/proc/$asked" ]; then refuse not-a-jvm "process $asked has no VM thread"; fi
  refuse target-gone "there is no process $asked"
}

# Totals say who was busy since its start; the difference over a second says who is busy now.
choose_busiest() {
  before=
  for pid in $candidates; do
    read_stat "$pid" || continue
    before="$before $pid:$used"
  done
  sleep 1
  pid='' most=-1 next=-1
  for entry in $before; do
    read_stat "${entry%%:*}" || continue
    spent=$((used - ${entry#*:}))
    if [ $spent -gt $most ]; then
      next=$most most=$spent pid=${entry%%:*}
    elif [ $spent -gt $next ]; then
      next=$spent
    fi
  done
  [ -n "$pid" ] || refuse target-gone "all of the $count JVMs went away"
  [ $next -ge 0 ] || next=0
  choice="busiest of $count JVMs over one second: process $pid used ${most} hundredths of a CPU second, the next one ${next}"
}
# Looking before touching: what would make profiling this JVM dangerous or futile.

look_before_touching() {
  say_who
  look_at_architecture
  look_at_state
  look_at_user
  look_at_attaching
  find_layout
  look_at_tmp
  look_at_memory
}

say_who() {
  line_of /proc/sys/kernel/random/boot_id
  boot=$line
  read_stat "$pid" || refuse target-gone "process $pid has just ended"
  read_status "$$"
  own_uid=$uid own_gid=$gid own_capabilities=$capabilities
  read_status "$pid"
  say pid "$pid"
  say ticks "$ticks"
  say boot "$boot"
  say uid "$uid"
  say gid "$gid"
  say choice "$choice"
  command_line=$(strings_of "/proc/$pid/cmdline")
  say_arguments "$command_line"
}

# /proc/PID/status → uid, gid (effective), caught, capabilities.
read_status() {
  uid='' gid='' caught='' capabilities=''
  {
    while read -r key first second _; do
      case $key in
        Uid:) uid=$second ;;
        Gid:) gid=$second ;;
        SigCgt:) caught=$first ;;
        CapEff:) capabilities=$first ;;
      esac
    done <"/proc/$1/status"
  } 2>/dev/null || :
}

look_at_architecture() {
  line_of /proc/sys/kernel/arch
  machine=$line
  [ -n "$machine" ] || machine=$(uname -m)
  case $machine in
    x86_64) machine=linux-x64 ;;
    aarch64) machine=linux-arm64 ;;
  esac
  say arch "$machine"
  [ "$machine" = "$architecture" ] || refuse architecture-unknown "$machine, not $architecture"
}

look_at_state() {
  case $state in
    T | t) refuse target-stopped "process $pid is in state $state" ;;
    Z | X) refuse target-gone "process $pid has ended" ;;
  esac
  say check.state "process $pid is in state $state"
  # Attaching sends SIGQUIT, which ends a process that does not catch it.
  case $caught in
    *[4567cdef]) say check.sigquit "caught" ;;
    *) refuse sigquit-not-caught "SIGQUIT is not in SigCgt $caught of process $pid" ;;
  esac
}

look_at_user() {
  if [ "$own_uid:$own_gid" != "$uid:$gid" ]; then
    # Becoming the JVM's user takes CAP_SETUID and CAP_SETGID (bits 7 and 6), as asprof does.
    case $own_uid:$own_capabilities in
      0:*[c-f]?) ;;
      *) refuse other-user "the JVM runs as $uid:$gid, commands here as $own_uid:$own_gid" ;;
    esac
  fi
  say check.user "the JVM runs as $uid:$gid, commands here as $own_uid:$own_gid"
}

# Options from the environment come before those of the command line, _JAVA_OPTIONS after; the last one counts.
look_at_attaching() {
  attach=on
  dynamic=on
  early='' late=''
  set -f
  IFS=$newline
  for line in $(strings_of "/proc/$pid/environ"); do
    case $line in
      _JAVA_OPTIONS=*) late="$late ${line#*=}" ;;
      JAVA_TOOL_OPTIONS=* | JDK_JAVA_OPTIONS=*) early="$early ${line#*=}" ;;
    esac
  done
  unset IFS
  read_options "$early"
  IFS=$newline
  read_options "$command_line"
  unset IFS
  read_options "$late"
  set +f
  [ $attach = on ] || refuse attach-disabled "-XX:+DisableAttachMechanism"
  [ $dynamic = on ] || refuse attach-disabled "-XX:-EnableDynamicAgentLoading"
  say check.attach "not switched off"
}

read_options() {
  for option in $1; do
    case $option in
      -XX:+DisableAttachMechanism) attach=off ;;
      -XX:-DisableAttachMechanism) attach=on ;;
      -XX:-EnableDynamicAgentLoading) dynamic=off ;;
      -XX:+EnableDynamicAgentLoading) dynamic=on ;;
    esac
  done
}

# Where the JVM's files are, seen from here: `shared`. Else root goes `through` /proc/PID/root; anybody else is an
# `agent` beside the JVM under the same user, and the JVM reads and writes here through /proc/OUR PID/root.
find_layout() {
  view=
  root=/proc/$pid/root
  if has_own_files "$pid"; then
    layout=agent
    if [ "$own_uid" = 0 ] && [ -d "$root/tmp" ] && [ ! -L "$root/tmp" ]; then
      # A JVM that is not root may not read from a process of root.
      if [ "$uid" != 0 ] || [ ! -e /opt/flamepin/asprof ]; then
        layout=through
        view=$root
      fi
    fi
  fi
  say layout "$layout"
}

# The JVM's attach socket must be made in its /tmp, whatever java.io.tmpdir says.
look_at_tmp() {
  if [ $layout = agent ]; then jvm_tmp=$root/tmp; else jvm_tmp=$view/tmp; fi
  [ -d "$jvm_tmp" ] || refuse tmp-not-writable "the JVM has no /tmp, or it cannot be reached from here"
  # Tried, because busybox's test -w looks at the mode alone, which says nothing about a read-only mount.
  # A directory: the id can be read from our command line, and a file could be a link or a pipe that waits there.
  probe=$jvm_tmp/.flamepin-$id
  if ! { mkdir "$probe" && rmdir "$probe"; } 2>/dev/null; then
    if [ -e "$probe" ] || [ -L "$probe" ]; then refuse tmp-not-writable "$probe is there already, made by another user"; fi
    refuse tmp-not-writable "/tmp is not writable for $own_uid:$own_gid"
  fi
  socket=$jvm_tmp/.java_pid$pid
  if [ -S "$socket" ] && [ ! -w "$socket" ]; then
    refuse tmp-not-writable "$socket belongs to another user: left by an earlier JVM with the same pid"
  fi
}
# Memory limits of the JVM's control group and everything above it; page cache that can go counts as free. Frozen
# groups too.

# What the profiler may take, bytes: it took 23 MB, and a JVM with 12 MB left was killed for it.
needed=67108864

look_at_memory() {
  headroom=
  read_cgroups "$pid"
  if [ $layout = shared ]; then find_cgroups own "$pid"; else find_cgroups apart "$pid"; fi
  if [ -f "$cgroups/cgroup.controllers" ]; then
    walk_up "$cgroups" "${cgroup_two%/}" 2
  elif [ -n "$cgroups" ]; then
    walk_up "$cgroups/memory" "${cgroup_memory%/}" 1
  fi
  if [ -z "$headroom" ]; then
    say check.memory "its control group has no limit that can be read here"
    return 0
  fi
  say memory "$headroom"
  if [ "$headroom" -lt $needed ]; then
    refuse memory-low "$((headroom / 1048576)) MB are left under the limit of its control group"
  fi
  if [ "$headroom" -lt 1099511627776 ]; then
    say check.memory "$((headroom / 1048576)) MB are left under the limit of its control group"
  else
    say check.memory "its control group has no limit"
  fi
}

walk_up() { # ROOT PATH VERSION: from the group to the root of the hierarchy, at most 12 levels
  level=0
  at=$2
  [ -d "$1$at" ] || at=
  while [ $level -lt 12 ]; do
    level=$((level + 1))
    if [ "$3" = 2 ]; then
      room_below "$1$at/memory.max" "$1$at/memory.current" "$1$at/memory.stat" inactive_file
      line_of "$1$at/cgroup.freeze"
      [ "$line" != 1 ] || refuse target-stopped "its control group is frozen"
    else
      room_below "$1$at/memory.limit_in_bytes" "$1$at/memory.usage_in_bytes" "$1$at/memory.stat" total_inactive_file
    fi
    case $at in
      */*) at=${at%/*} ;;
      *) break ;;
    esac
  done
}

room_below() { # LIMIT USAGE STAT KEY → headroom, the least so far
  line_of "$1"
  limit=$line
  line_of "$2"
  case $limit:$line in
    *[!0-9:]* | :* | *:) return 0 ;;
  esac
  usage=$line
  number_in "$3" "$4"
  room=$((limit - usage + ${value:-0}))
  if [ -z "$headroom" ] || [ $room -lt "$headroom" ]; then headroom=$room; fi
}

number_in() { # FILE KEY → value
  value=
  {
    while read -r key rest; do
      if [ "$key" = "$2" ]; then
        value=$rest
        break
      fi
    done <"$1"
  } 2>/dev/null || :
}
# Room in the directories where files of ours go: a full /tmp harms the application, and loses the recording.

# The payload and what is unpacked from it, 0.7 MB each, and some more; kB.
tools_room=2048
# 180 threads wrote 24 kB/s; kB per second of the window, and what is written at its end.
recording_room=$((64 * duration + 1024))

# Does a directory have so many kB free? Where nothing can say so, it has. When not: `blocked` and `full` say why.
# Not df: it looks the directory up in our own mounts, where those of a JVM with a file system of its own are not.
has_room() { # DIRECTORY KB
  read -r total free size <<END
$(stat -f -c '%b %a %S' "$1" 2>/dev/null)
END
  # A tmpfs without a limit has 0 blocks in all.
  case $total:$free:$size in
    0:* | *[!0-9:]* | :* | *:) return 0 ;;
  esac
  free=$((free * size / 1024))
  [ "$free" -lt "$2" ] || return 0
  full=1
  blocked="$blocked; $1 has $free kB free, $2 kB are needed"
  return 1
}
# Unpacking: only files of our own in directories of our own, new ones, never over a loaded library. The tools are
# written and run from inside their directory: its path can be given to another one meanwhile, where we are cannot.

# The payload from stdin, or what is here already → tools, where asprof runs (we are in there); base; library.
unpack() {
  base=/tmp
  blocked=
  full=
  use_image
  refuse_started_before
  [ -n "$tools" ] || find_place_for_tools
  library=$tools/libasyncProfiler.so
  recording_dir=$base/flamepin-$id
  jvm_library=$library
  jvm_recording=$recording_dir/recording.jfr
  log=$tools/asprof.log
  jvm_log=$log
  case $layout in
    agent)
      jvm_library=/proc/$$/root$library
      jvm_recording=/proc/$$/root$jvm_recording
      # The tools may be part of the image.
      log=$recording_dir/asprof.log
      jvm_log=/proc/$$/root$log
      ;;
    through) place_library ;;
  esac
  make_recording_directory
  make_log
  say check.tmp "$base is writable and allows execution"
}

# The agent's image holds the files.
use_image() {
  [ $layout = agent ] || return 0
  if [ -f /opt/flamepin/libasyncProfiler.so ] && [ -x /opt/flamepin/asprof ] && cd /opt/flamepin; then
    tools=/opt/flamepin
    drain_payload
    find_places ''
    for base in $places; do
      if has_room "$base" $recording_room; then return 0; fi
    done
    [ -z "$full" ] || refuse tmp-full "${blocked#; }"
  fi
}

refuse_started_before() {
  for there in /tmp /var/tmp /dev/shm; do
    for taken in "$there/flamepin-$id" "$view$there/flamepin-$id"; do
      if [ -d "$taken" ]; then refuse profiler-conflict "$taken is there already: this capture was started before"; fi
    done
  done
}

# Where files of ours may lie below ROOT → places. Without the sticky bit (the emptyDir of a pod) any user may
# replace what another one has there, so such directories come last.
find_places() {
  places=
  loose=
  for place in /tmp /var/tmp /dev/shm; do
    [ -d "$1$place" ] || continue
    if [ -k "$1$place" ]; then places="$places $place"; else loose="$loose $place"; fi
  done
  places="$places$loose"
}

# The first place that is writable and allows execution.
find_place_for_tools() {
  payload=
  runs=
  find_places ''
  for base in $places; do
    mine=$base/flamepin-jvm-$pid-$ticks
    if use_kept_tools; then return 0; fi
    has_room "$base" $((tools_room + recording_room)) || continue
    make_tools_directory || continue
    receive_payload
    if ./asprof --version >/dev/null 2>&1; then
      runs=1
      rm -f payload
      break
    fi
    blocked="$blocked; $base does not allow execution"
  done
  if [ -n "$full" ] && [ -z "$runs" ]; then refuse tmp-full "${blocked#; }"; fi
  if [ -z "$tools" ]; then refuse tmp-not-writable "${blocked#; }"; fi
  [ -n "$runs" ] || refuse tmp-noexec "${blocked#; }"
  base=${tools%/*}
}

# An agent keeps the library: the same file again is the same library to the JVM, another one is a second agent.
use_kept_tools() {
  [ $layout = agent ] && own_directory "$mine" && cd "$mine" && own_directory . && [ -f libasyncProfiler.so ] || return
  sum=$(cat asprof libasyncProfiler.so | sha256sum)
  [ "${sum%% *}" = "$sha256" ] || return
  tools=$mine
  drain_payload
  has_room "$base" $recording_room || refuse tmp-full "${blocked#; }"
}

own_directory() { ours "$1" && [ -d "$1" ]; }

# Goes into a new directory `mine`; fails, with the reason in `blocked`, where that is impossible.
make_tools_directory() {
  if [ -e "$mine" ] || [ -L "$mine" ]; then
    if own_directory "$mine"; then shared_with=$mine; fi
    rm -rf "$mine" 2>/dev/null
  fi
  if { mkdir -m 755 "$mine" && cd "$mine" && own_directory .; } 2>/dev/null; then return 0; fi
  # What another user has put there in advance cannot be removed: then it is not used.
  if [ -e "$mine" ] || [ -L "$mine" ]; then
    blocked="$blocked; $mine is there already and belongs to another user"
  else
    blocked="$blocked; $base is not writable"
  fi
  return 1
}

# asprof and the library into the directory where we are.
receive_payload() {
  if [ -z "$payload" ]; then
    # Read once into one file: two readers on one pipe lose bytes (busybox head reads ahead).
    head -c 16777216 >payload 2>/dev/null || {
      rm -rf "$mine"
      refuse tmp-not-writable "writing to $base failed: no space?"
    }
  else
    mv "$payload" payload 2>/dev/null || {
      rm -rf "$mine"
      refuse tmp-not-writable "writing to $base failed: no space?"
    }
    rm -rf "$tools"
  fi
  tools=$mine
  payload=$mine/payload
  # Also after it was moved: the place it came from may be one where others can replace it.
  drained=1
  check_sum "$(sha256sum payload)"
  if ! { head -c "$asprof_bytes" payload >asprof && tail -c "+$((asprof_bytes + 1))" payload >libasyncProfiler.so; } 2>/dev/null; then
    refuse tmp-not-writable "writing to $base failed: no space?"
  fi
  chmod 755 asprof libasyncProfiler.so
}

# Only the library goes into the JVM's file system: what root runs stays in root's own.
place_library() {
  base=
  : >"seen-$$"
  find_places "$root"
  for there in $places; do
    [ ! -L "$root$there" ] || continue
    placed=$root$there/flamepin-jvm-$pid-$ticks
    # Mount namespaces apart, but the same files (systemd's ProtectSystem without PrivateTmp): it is there already.
    if [ -e "$placed/seen-$$" ]; then
      base=$there
      break
    fi
    rm -rf "$placed"
    has_room "$root$there" $((tools_room + recording_room)) || continue
    mkdir -m 755 "$placed" 2>/dev/null || continue
    if grep -q " $there [^ ]*noexec" "/proc/$pid/mountinfo"; then
      blocked="$blocked; $there of the JVM does not allow execution"
      rm -rf "$placed"
      continue
    fi
    base=$there
    break
  done
  recording_dir=
  if [ -n "$full" ] && [ -z "$base" ]; then refuse tmp-full "${blocked#; }"; fi
  [ -n "$base" ] || refuse tmp-noexec "${blocked#; }"
  if [ ! -e "$placed/seen-$$" ]; then
    set -C
    cat libasyncProfiler.so >"$placed/libasyncProfiler.so" || refuse tmp-not-writable "writing to $base of the JVM failed: no space?"
    set +C
    chmod 755 "$placed/libasyncProfiler.so"
  fi
  rm -f "seen-$$"
  recording_dir=$root$base/flamepin-$id
  jvm_library=$base/flamepin-jvm-$pid-$ticks/libasyncProfiler.so
  jvm_recording=$base/flamepin-$id/recording.jfr
  log=$placed/asprof.log
  jvm_log=$base/flamepin-jvm-$pid-$ticks/asprof.log
}

make_recording_directory() {
  if ! mkdir -m 700 "$recording_dir" 2>/dev/null; then
    taken=$recording_dir
    recording_dir=
    refuse tmp-not-writable "$taken could not be made"
  fi
  give_to_jvm "$recording_dir"
}

# The agent says there why it did not start. In a directory that only we write to: nobody else can put a link there,
# and once it is removed the agent cannot make the file again, as it would asprof's own in /tmp.
make_log() {
  : >"$log"
  give_to_jvm "$log"
}

give_to_jvm() {
  if [ "$own_uid:$own_gid" != "$uid:$gid" ]; then
    chown -h "$uid:$gid" "$1" || refuse other-user "$1 could not be given to $uid:$gid"
  fi
}
# Starting the session.

# Asks something that changes nothing before anything is asked that does: a request that the JVM has not read when we
# give up stays in its queue, and runs when a heap dump ends, minutes later. 2 ms where the JVM was asked before.
refuse_unless_answering() {
  said=$(bounded 10 ./asprof jcmd "$pid" VM.uptime 2>&1 </dev/null)
  code=$?
  case $said in
    *"JVM response code"*) return 0 ;;
  esac
  read_stat "$pid" || refuse target-gone "process $pid has ended"
  refuse_answer $code 10
}

refuse_answer() { # CODE of asprof, SECONDS that it had
  if [ "$1" = 137 ]; then
    # Where the JVM is asked to open its socket; an asprof that is killed may leave it.
    rm -f "$jvm_tmp/.attach_pid$pid" "/proc/$pid/cwd/.attach_pid$pid" 2>/dev/null
    refuse profiler-failed "the JVM did not answer within $2 s"
  fi
  refuse profiler-failed "asprof ended with $1: $said"
}

# Libraries are never unloaded, not even deleted ones: one that is mapped may be at rest. Only the agent itself
# knows, and asking it by the path it was loaded from starts nothing. A Datadog library cannot be asked.
refuse_beside_another_profiler() {
  seen=
  others=
  while IFS= read -r line; do
    path=/${line#*/}
    path=${path% (deleted)}
    case $line in
      */*) ;;
      *) continue ;;
    esac
    case $newline$seen in
      *"$newline$path$newline"*) continue ;;
    esac
    seen=$seen$path$newline
    case $path in
      "$jvm_library" | "$library")
        if ! idle "$jvm_library"; then
          refuse profiler-conflict "a session of flamepin is running in process $pid"
        fi
        ;;
      *libjavaProfiler*) refuse foreign-profiler "$path is loaded" ;;
      *)
        idle "$path" || refuse foreign-profiler "$path says that it is active, or cannot be asked"
        others="$others $path"
        ;;
    esac
  done <<END
$(grep -E 'asyncProfiler|libjavaProfiler' "/proc/$pid/maps" 2>/dev/null)
END
  if [ -n "$others" ]; then say check.profiler "loaded but not active:$others"; else say check.profiler "no other profiler is active"; fi
  case $seen in
    *"$library"*) say warm 1 ;;
    *) say warm 0 ;;
  esac
}

idle() { # LIBRARY: does that agent say that it does nothing?
  case $(bounded 5 ./asprof status --libpath "$1" "$pid" 2>&1 </dev/null) in
    *"is not active"*) return 0 ;;
    *) return 1 ;;
  esac
}

# ctimer: needs no perf_events, which containers seldom have, and no descriptor per thread; the intervals are
# async-profiler's own except lock (its 10 us would record every short wait). Constants are written at the end of a
# chunk: of a JVM that is killed in its window only whole chunks can be read, so there is one each 5 s (the least that
# it keeps to), for about a fifth more bytes. `asprof load` and not `asprof start`: the log is where we say.
start_session() {
  say_cpu_stat
  refuse_if_given_up
  said=$(bounded 20 ./asprof load "$pid" "$jvm_library" true \
    "start,event=ctimer,wall=50ms,alloc=512k,lock=1ms,chunktime=5s,timeout=$duration,jfr,file=$jvm_recording,log=$jvm_log" \
    2>&1 </dev/null)
  code=$?
  # busybox knows no nanoseconds and prints the letter: then it is whole seconds.
  say clock "$(date +%s%N)"
  # An asprof whose child was killed ends with 0.
  case $code:$said in
    0:*"return code: 0"*) ;;
    0:*) code=137 ;;
  esac
  if [ $code != 0 ]; then
    # The words of the agent say more than those of asprof.
    reason=$(head -n 3 "$log" 2>/dev/null)
    said=${reason:-$said}
    revoke
    read_stat "$pid" || refuse target-gone "process $pid ended while the profiler was being started"
    refuse_answer $code 20
  fi
  if [ -n "$revoked" ]; then
    revoke
    refuse interrupted "flamepin has given up on this start"
  fi
  started_ticks=$ticks
  read_stat "$pid" || :
  [ "$ticks" = "$started_ticks" ] || refuse target-gone "process $pid was replaced while the profiler was being started"
}

# What was asked may still be in the JVM's queue. Without its directory the recording cannot be opened, and then no
# session begins; the directory is renamed and not removed, because that either comes before the JVM opens the file or
# after it, with nothing between. After it, a session runs, and is ended.
revoke() {
  mv "$recording_dir" "$recording_dir.revoked" 2>/dev/null || return 0
  recording_dir=$recording_dir.revoked
  if [ -e "$recording_dir/recording.jfr" ]; then
    bounded 5 ./asprof stop --libpath "$jvm_library" "$pid" >/dev/null 2>&1 </dev/null
  fi
}

say_started() {
  say recording "$recording_dir/recording.jfr"
  say leftover "$recording_dir"
  if [ $layout != agent ]; then say leftover "$tools"; fi
  [ -z "$placed" ] || say leftover "$placed"
  say started 1
}

main() {
  note_begin
  # The payload is sent once this is out: where there is no shell to say it, nothing is.
  say asks stdin
  case $id$duration$asked$asprof_bytes$sha256 in
    *[!0-9a-z,-]*) refuse internal-error "a parameter does not match its pattern" ;;
  esac
  choose_jvm
  look_before_touching
  unpack
  refuse_unless_answering
  refuse_beside_another_profiler
  start_session
  say_started
}

main
