#!/bin/sh
# Runs inside the target as `sh -c TEXT flamepin ...`: finds the JVM, looks before it touches, unpacks the profiler
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
# Limits of a process.

# /proc/PID/limits -> limit, the soft one: a number or `unlimited`; fails when it cannot be read.
limit_of() { # processes, or open for files
  limit=
  {
    while read -r _ what first second _; do
      case $what:$first in
        processes:*) found=$first ;;
        open:files) found=$second ;;
        *) continue ;;
      esac
      if [ "$what" = "$1" ]; then
        limit=$found
        break
      fi
    done <"/proc/$pid/limits"
  } 2>/dev/null || :
  case $limit in
    unlimited) ;;
    '' | *[!0-9]*) return 1 ;;
  esac
}
# Refusing: nothing of ours stays, and the reason is said.

layout=shared
drained=
no_fork=
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

# Everything that tells our files from those of others needs these. posh has neither.
# shellcheck disable=SC2319 # the code of the condition is what is asked for
refuse_poor_shell() {
  known=0
  { test -O / || known=$?; } 2>/dev/null
  [ "$known" -le 1 ] || refuse shell-unsupported "its test knows no -O"
  { test -k / || known=$?; } 2>/dev/null
  [ "$known" -le 1 ] || refuse shell-unsupported "its test knows no -k"
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
  if [ -z "$drained" ]; then
    if [ -n "$no_fork" ]; then
      # Where no process can be started: slow, a system call for each byte, but it ends.
      while read -r _; do :; done
    else
      cat >/dev/null
    fi
  fi
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

# The candidates that are JVMs -> pid, choice (the reason, when there were several).
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
    any)
      look_for_starting_jvms
      refuse not-a-jvm "no process here has a VM thread$called_java"
      ;;
    *,*) refuse target-gone "none of the processes $asked is a JVM any more" ;;
  esac
  if [ -d "/proc/$asked" ]; then
    called_java=
    refuse_when_starting "$asked"
    refuse not-a-jvm "process $asked has no VM thread$called_java"
  fi
  refuse target-gone "there is no process $asked"
}

look_for_starting_jvms() {
  called_java=
  for directory in /proc/[0-9]*; do
    line_of "$directory/comm"
    [ "$line" = java ] || continue
    has_own_files "${directory#/proc/}" || refuse_when_starting "${directory#/proc/}"
  done
}

# The collector's threads come before the VM thread: with -XX:+AlwaysPreTouch, the whole heap is written in between.
refuse_when_starting() { # PID -> called_java, a hint, when nothing is certain
  for comm in "/proc/$1/task"/*/comm; do
    line_of "$comm"
    case $line in
      "GC Thread#"*) refuse jvm-starting "process $1 has threads of its garbage collector, but no VM thread yet" ;;
      java) called_java="; process $1 is called java: it may be starting, or another kind of JVM than HotSpot" ;;
    esac
  done
}

# Totals say who was busy since its start; the difference over a second says who is busy now.
choose_busiest() {
  # It takes a process to wait.
  pid=
  read_cgroups "$$"
  find_cgroups own "$$"
  look_at_group_threads "the control group of this shell"
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
  # Without starting a process, until it is known that there is room for one.
  say_who
  look_at_state
  look_at_user
  find_layout
  find_group
  refuse_when_frozen
  look_at_threads
  look_at_descriptors
  say_command_line
  look_at_architecture
  look_at_attaching
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
}

say_command_line() {
  command_line=$(strings_of "/proc/$pid/cmdline")
  say_arguments "$command_line"
}

# /proc/PID/status -> uid, gid (effective), caught, capabilities.
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

find_group() {
  read_cgroups "$pid"
  if [ $layout = shared ]; then find_cgroups own "$pid"; else find_cgroups apart "$pid"; fi
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
# A frozen control group (`docker pause`): nothing in it runs, nobody in it answers.

refuse_when_frozen() {
  [ -n "$cgroups" ] || return 0
  # v2, also beside v1: a group knows that one above it is frozen.
  for hierarchy in "$cgroups" "$cgroups/unified"; do
    [ -f "$hierarchy/cgroup.controllers" ] || continue
    group=$hierarchy${cgroup_two%/}
    [ -d "$group" ] || group=$hierarchy
    number_in "$group/cgroup.events" frozen
    [ "$value" != 1 ] || refuse target-frozen "its control group is frozen"
  done
  group=$cgroups/freezer${cgroup_freezer%/}
  [ -d "$group" ] || group=$cgroups/freezer
  line_of "$group/freezer.state"
  case $line in
    FROZEN | FREEZING) refuse target-frozen "its control group is $line" ;;
  esac
}
# Room for threads. HotSpot ends the JVM when it cannot start the thread that listens for attaching (seen on JDK 8 to
# 25), so this comes before everything else, and without starting a process: ours count in the same limits.

# A capture takes 8 at once: 3 threads in the JVM (the attach listener, the profiler's timer and its wall clock
# sampler; async-profiler 4.5 on JDK 17 and 25) and 5 processes of ours where we share a limit with it ($(...), asprof,
# its child, the watcher of `bounded` and its sleep). As many again for what the application starts meanwhile.
threads_needed=16
# What was learned, in words, each after "; ".
threads_known=

look_at_threads() {
  threads_known=
  look_at_group_threads "its control group"
  look_at_user_threads
  # Now processes are started. Where that fails most shells end: then these are their last words.
  trap refuse_without_forks EXIT
  look_at_machine_threads
  try_what_cannot_be_seen
  trap - EXIT
  say check.threads "${threads_known#; }"
}

# Each level of the JVM's control group that can be seen.
look_at_group_threads() { # NAME
  levels_hidden=1
  least_room=
  if [ -z "$cgroups" ]; then
    threads_known="; its control group cannot be seen"
    return 0
  fi
  if [ -f "$cgroups/cgroup.controllers" ]; then
    hierarchy=$cgroups at=${cgroup_two%/}
  else
    hierarchy=$cgroups/pids at=${cgroup_pids%/}
  fi
  [ -d "$hierarchy$at" ] || at=
  where=$1
  level=0
  while [ $level -lt 12 ]; do
    level=$((level + 1))
    room_in_group "$hierarchy$at" "$where"
    case $at in
      */*) at=${at%/*} ;;
      *) break ;;
    esac
    where="the control group ${at:-/}"
  done
  # Only the root of a whole hierarchy has no limit of its own and no events; what a container sees as its root has.
  if [ -f "$hierarchy/cgroup.procs" ] && [ ! -e "$hierarchy/pids.max" ] && [ ! -e "$hierarchy/cgroup.events" ]; then
    levels_hidden=
  fi
  threads_known="$threads_known; ${least_room:-no limit in its control group}"
}

room_in_group() { # DIRECTORY NAME
  line_of "$1/pids.max"
  limit=$line
  line_of "$1/pids.current"
  case $limit:$line in
    *[!0-9:]* | :* | *:) return 0 ;;
  esac
  room_for_threads "$line" "$limit" "in $2"
  if [ -z "$least_room" ] || [ $room -lt "$least" ]; then
    least=$room
    least_room=$counted
  fi
}

# USED LIMIT WHERE -> room, counted (in words); refuses when there is not enough.
room_for_threads() {
  room=$(($2 - $1))
  grouped "$1"
  counted=$grouped
  grouped "$2"
  counted="$counted of $grouped $3"
  [ $room -lt $threads_needed ] || return 0
  trap - EXIT
  no_fork=1
  biggest_thread_group
  if [ $room -le 0 ]; then
    refuse threads-full "out of threads: $counted$biggest"
  fi
  refuse threads-full "almost out of threads: $counted, and a capture needs $threads_needed more$biggest"
}

# The fourth field of /proc/loadavg, running/all -> machine_threads.
machine_threads() {
  line_of /proc/loadavg
  machine_threads=${line#*/}
  machine_threads=${machine_threads%% *}
  case $machine_threads in
    '' | *[!0-9]*) machine_threads= ;;
  esac
}

# Read with cat: integers of /proc/sys give a shell that reads byte by byte (dash) their first digit alone.
look_at_machine_threads() {
  machine_threads
  [ -n "$machine_threads" ] || return 0
  # shellcheck disable=SC2046 # two numbers
  set -- $(cat /proc/sys/kernel/threads-max /proc/sys/kernel/pid_max 2>/dev/null)
  [ $# = 2 ] || return 0
  room_for_threads "$machine_threads" "$1" "on the machine (kernel.threads-max)"
  # Since Linux 6.14 a PID namespace may have its own: one below what the machine holds is not the machine's.
  [ "$machine_threads" -gt "$2" ] || room_for_threads "$machine_threads" "$2" "on the machine (kernel.pid_max)"
}

# Limits of the pod above the container, and threads of the same user in other containers, cannot be seen from a
# container. There is one way to know: as many processes as a capture needs, at once, for some milliseconds. From
# inside the JVM's container, or from one beside it in the pod, they count in the same limits.
try_what_cannot_be_seen() {
  [ -n "$levels_hidden$user_limit" ] || return 0
  tried=9
  # Another user than the JVM's has another limit.
  if [ $layout != through ] && { [ -z "$user_limit" ] || [ "$own_uid" = "$owner" ]; }; then
    # `bounded` takes three by itself: the first of them, its watcher and the sleep of that.
    may_retry && set -m
    bounded 2 start_at_once $((threads_needed - 3)) "$user_limit" >/dev/null 2>&1 </dev/null
    tried=$?
    if may_retry; then
      set +m
      [ $tried != 137 ] || kill -9 -- -"$bounded" 2>/dev/null
    fi
  fi
  case $tried in
    0) threads_known="$threads_known; $threads_needed more could be started" ;;
    9) threads_known="$threads_known; what else counts cannot be seen from here" ;;
    *) refuse_without_forks ;;
  esac
}

refuse_without_forks() {
  trap - EXIT
  no_fork=1
  biggest_thread_group
  refuse threads-full "out of threads: $threads_needed processes could not be started at once here, so a limit of the pod or of user $uid is reached; to be seen from here: ${threads_known#; }$biggest"
}

# These try a fork that failed again, for 15 s and more: what does so is killed as one process group. The others have no
# process groups without a terminal, and fail at once.
may_retry() { [ -n "${BASH_VERSION-}${KSH_VERSION-}" ]; }

start_at_once() { # NUMBER LIMIT: under the JVM's own limit of processes; 9 when it cannot be set
  if [ -n "$2" ]; then
    # dash and busybox ash call it -p, the others -u. Neither is POSIX: where there is none, nothing is tried.
    # shellcheck disable=SC3045
    { ulimit -S -u "$2" || ulimit -S -p "$2" || exit 9; } 2>/dev/null
  fi
  nest "$1"
}

# So many processes, each the child of the one before and waiting for it.
nest() {
  [ "$1" -gt 0 ] || return 0
  nest $(($1 - 1)) &
  wait $!
}
# Threads of the JVM's user.

# The limit of the process (RLIMIT_NPROC) counts all threads of its real user on the machine.
look_at_user_threads() {
  user_limit=
  if ! limit_of processes; then
    threads_known="$threads_known; the limit of its user cannot be read"
    return 0
  fi
  read_owner "$pid"
  if [ "$limit" = unlimited ] || exempt_from_user_limit; then
    threads_known="$threads_known; no limit for its user"
    return 0
  fi
  # All threads of the machine, which every PID namespace is told: an upper bound at the cost of one line.
  machine_threads
  if [ -n "$machine_threads" ] && [ $((machine_threads + threads_needed)) -le "$limit" ]; then
    threads_known="$threads_known; no more than $machine_threads of $limit of its user"
    return 0
  fi
  user_limit=$limit
  count_threads_of "$owner"
  room_for_threads "$user_threads" "$user_limit" "of user $owner (Max processes)"
  threads_known="$threads_known; at least $counted"
}

# The kernel spares root, CAP_SYS_ADMIN (bit 21) and CAP_SYS_RESOURCE (bit 24), all of them only outside of user
# namespaces.
exempt_from_user_limit() {
  in_first_user_namespace "$$" && in_first_user_namespace "$pid" || return 1
  [ "$owner" != 0 ] || return 0
  case $owner_capabilities in
    *[2367abef]?????) return 0 ;;
    *[13579bdf]??????) return 0 ;;
  esac
  return 1
}

in_first_user_namespace() { # PID
  [ -e "/proc/$1/uid_map" ] || return 0
  line_of "/proc/$1/uid_map"
  # shellcheck disable=SC2086 # three numbers between blanks
  set -- $line
  [ "$*" = "0 0 4294967295" ]
}

# /proc/PID/status -> owner (real user), owner_capabilities, threads.
read_owner() { # PID
  owner='' owner_capabilities='' threads=0
  {
    while read -r key first _; do
      case $key in
        Uid:) owner=$first ;;
        Threads:) threads=$first ;;
        CapEff:)
          owner_capabilities=$first
          break
          ;;
      esac
    done <"/proc/$1/status"
  } 2>/dev/null || :
}

count_threads_of() { # USER -> user_threads, as far as they can be seen
  user=$1
  user_threads=0
  for directory in /proc/[0-9]*; do
    read_owner "${directory#/proc/}"
    [ "$owner" != "$user" ] || user_threads=$((user_threads + threads))
  done
  owner=$user
}
# What the threads of a JVM are called. A name is cut to 15 characters by the kernel, and anybody may choose it.

# The names of its threads, digits as *, and how many have each -> biggest, in words: "; 3,900 of them are pool-7-thread-*".
# At most 50 kinds are told apart.
biggest_thread_group() {
  kinds=0
  known=$newline
  for comm in "/proc/$pid/task"/*/comm; do
    line_of "$comm"
    [ -n "$line" ] || continue
    kind_of "$line"
    case $known in
      *"$newline$kind$newline"*)
        number=${known#*"$newline$kind$newline"}
        number=${number%%"$newline"*}
        eval "count_$number=\$((count_$number + 1))"
        eval "[ \"\$name_$number\" = \"\$name\" ] || name_$number=\$kind"
        ;;
      *)
        [ $kinds -lt 50 ] || continue
        kinds=$((kinds + 1))
        known=$known$kind$newline$kinds$newline
        eval "count_$kinds=1 name_$kinds=\$name"
        ;;
    esac
  done
  most=1
  biggest=
  while [ $kinds -gt 0 ]; do
    eval "count=\$count_$kinds name=\$name_$kinds"
    if [ "$count" -gt $most ]; then
      most=$count
      grouped "$count"
      biggest="; $grouped of them are $name"
    fi
    kinds=$((kinds - 1))
  done
}

# pool-7-thread-12 -> kind pool-*-thread-*, name pool-7-thread-*: a pool that grows, or a new pool each time.
kind_of() {
  rest=$1
  kind=
  while :; do
    case $rest in
      *[0-9]*)
        before=${rest%%[0-9]*}
        rest=${rest#"$before"}
        kind="$kind$before*"
        rest=${rest#"${rest%%[!0-9]*}"}
        ;;
      *) break ;;
    esac
  done
  kind=$kind$rest
  name=${1%"${1##*[!0-9]}"}
  [ "$name" = "$1" ] || name="$name*"
  # The kernel has cut it here.
  if [ ${#1} = 15 ]; then
    kind="${kind%\*}*"
    name="${name%\*}*"
  fi
}

# 4096 -> grouped=4,096
grouped() {
  rest=$1
  grouped=
  while [ ${#rest} -gt 3 ]; do
    head=${rest%???}
    grouped=,${rest#"$head"}$grouped
    rest=$head
  done
  grouped=$rest$grouped
}
# Room for file descriptors in the JVM.

# A session keeps 4 (its socket, the recording, a file for what it buffers, /proc/PID/task) and opens as many for
# moments: the connection, the library, what it reads of /proc (async-profiler 4.5 on JDK 17 and 25). Twice that.
descriptors_needed=16

look_at_descriptors() {
  if ! limit_of open; then
    say check.descriptors "its limit cannot be read"
    return 0
  fi
  if [ "$limit" = unlimited ]; then
    say check.descriptors "no limit"
    return 0
  fi
  # The table is never smaller than its highest number: one line, where counting takes a look at each.
  number_in "/proc/$pid/status" FDSize:
  case $value in
    '' | *[!0-9]*) ;;
    *)
      if [ $((value + descriptors_needed)) -le "$limit" ]; then
        say check.descriptors "no more than $value of $limit"
        return 0
      fi
      ;;
  esac
  count_descriptors
  if [ -z "$descriptors" ]; then
    say check.descriptors "its limit is $limit; how many are open cannot be read"
    return 0
  fi
  grouped "$descriptors"
  counted=$grouped
  grouped "$limit"
  counted="$counted of $grouped are open (Max open files)"
  room=$((limit - descriptors))
  if [ $room -le 0 ]; then
    refuse descriptors-full "out of file descriptors: $counted"
  fi
  if [ $room -lt $descriptors_needed ]; then
    refuse descriptors-full "almost out of file descriptors: $counted, and a capture needs $descriptors_needed more"
  fi
  say check.descriptors "$counted"
}

# -> descriptors; empty where they cannot be read: only the process's own user may, and root with CAP_SYS_PTRACE.
count_descriptors() {
  set -- "/proc/$pid/fd"/*
  descriptors=
  if [ -L "$1" ]; then descriptors=$#; fi
}
# Memory limits of the JVM's control group and everything above it; page cache that can go counts as free.

# What the profiler may take, MB (millions of bytes): it took 23, and a JVM with 12 left was killed for it.
memory_needed=64

look_at_memory() {
  headroom=
  unlimited=' that can be read here'
  if [ -f "$cgroups/cgroup.controllers" ]; then
    walk_up "$cgroups" "${cgroup_two%/}" 2
  elif [ -n "$cgroups" ]; then
    walk_up "$cgroups/memory" "${cgroup_memory%/}" 1
  fi
  if [ -z "$headroom" ]; then
    say check.memory "its control group has no limit$unlimited"
    return 0
  fi
  if [ "$headroom" -lt $memory_needed ]; then
    refuse memory-low "$headroom MB are left under the limit of its control group"
  fi
  say check.memory "$headroom MB are left under the limit of its control group"
}

walk_up() { # ROOT PATH VERSION: from the group to the root of the hierarchy, at most 12 levels
  level=0
  at=$2
  [ -d "$1$at" ] || at=
  while [ $level -lt 12 ]; do
    level=$((level + 1))
    if [ "$3" = 2 ]; then
      room_below "$1$at/memory.max" "$1$at/memory.current" "$1$at/memory.stat" inactive_file
    else
      room_below "$1$at/memory.limit_in_bytes" "$1$at/memory.usage_in_bytes" "$1$at/memory.stat" total_inactive_file
    fi
    case $at in
      */*) at=${at%/*} ;;
      *) break ;;
    esac
  done
}

room_below() { # LIMIT USAGE STAT KEY -> headroom, MB, the least so far
  line_of "$1"
  # v1 says "no limit" with the largest number of pages, 9223372036854771712; v2 with `max`.
  case $line in
    max | ????????????????*) unlimited= ;;
  esac
  [ ${#line} -le 15 ] || return 0
  megabytes "$line" || return 0
  limit=$megabytes
  line_of "$2"
  megabytes "$line" || return 0
  # Rounded against us.
  usage=$((megabytes + 1))
  number_in "$3" "$4"
  megabytes "${value:-0}" || return 0
  room=$((limit - usage + megabytes))
  if [ -z "$headroom" ] || [ $room -lt "$headroom" ]; then headroom=$room; fi
}

# Bytes -> megabytes, by their digits: mksh computes with 32 bits.
megabytes() {
  case $1 in
    '' | *[!0-9]*) return 1 ;;
    ???????*) megabytes=${1%??????} ;;
    *) megabytes=0 ;;
  esac
}

number_in() { # FILE KEY -> value
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
  # Blocks are mostly of 4 KiB; mksh computes with 32 bits. More than a terabyte is as good as that.
  [ ${#free} -le 8 ] || free=99999999
  if [ "$size" -ge 1024 ]; then free=$((free * (size / 1024))); else free=$((free / (1024 / size))); fi
  [ "$free" -lt "$2" ] || return 0
  full=1
  blocked="$blocked; $1 has $free kB free, $2 kB are needed"
  return 1
}
# Unpacking: only files of our own in directories of our own, new ones, never over a loaded library. The tools are
# written and run from inside their directory: its path can be given to another one meanwhile, where we are cannot.

# The payload from stdin, or what is here already -> tools, where asprof runs (we are in there); base; library.
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

# Where files of ours may lie below ROOT -> places. Without the sticky bit (the emptyDir of a pod) any user may
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
# A JVM that does not answer: what can be seen of the reason. Nothing is claimed that /proc does not show.

# Its VM thread is at work while all its other threads wait for it: a heap dump, a thread dump, a collection. Until that
# is over nobody answers, and a JVM that was asked prints a thread dump then. The pauses of a serial collector look the
# same for a moment; so it is given 5 s.
wait_for_vm_thread() {
  find_vm_thread
  looks=0
  used_before=
  while read_thread "$vm_thread"; do
    case $state in
      T | t) refuse target-stopped "its VM thread is in state $state" ;;
      R | D) ;;
      *) return 0 ;;
    esac
    [ -n "$used_before" ] || used_before=$used
    looks=$((looks + 1))
    if [ $looks -ge 25 ]; then
      seconds_of $((used - used_before))
      refuse jvm-busy "its VM thread was at work at each of 25 looks within 5 s, which took $seconds_of s of CPU"
    fi
    sleep 0.2 2>/dev/null || sleep 1
  done
}

find_vm_thread() { # -> vm_thread, its number
  vm_thread=none
  for task in "/proc/$pid/task"/*; do
    line_of "$task/comm"
    if [ "$line" = "VM Thread" ]; then
      vm_thread=${task##*/}
      break
    fi
  done
}

# Before the JVM is asked -> asked_at, process_used, vm_used.
note_cpu() {
  read_uptime
  asked_at=$uptime
  read_used
}

read_used() {
  read_thread "$vm_thread" || used=0
  vm_used=$used
  read_stat "$pid" || used=0
  process_used=$used
}

# Whole seconds since the machine has started -> uptime.
read_uptime() {
  line_of /proc/uptime
  uptime=${line%%.*}
}

# After it was asked and did not answer.
refuse_silence() { # SECONDS that it had
  refuse_when_frozen
  process_before=$process_used vm_before=$vm_used
  read_used
  vm=$((vm_used - vm_before))
  others=$((process_used - process_before - vm))
  [ $others -ge 0 ] || others=0
  look_at_states
  [ "$stopped" = 0 ] || refuse target-stopped "$stopped of its $all_threads threads are stopped"
  seconds_of $vm
  told="no answer within $1 s, in which its VM thread used $seconds_of s of CPU"
  seconds_of $others
  told="$told and its other threads $seconds_of s"
  measure_collector
  seconds_of "$collector"
  told="$told; in one more second its garbage collector used $seconds_of s; $all_threads threads, $running of them running, $uninterruptible in state D"
  # At work for half of the time, in hundredths of a second, it makes the others wait.
  if [ $vm -ge $(($1 * 50)) ] || [ "$collector" -ge 50 ]; then refuse jvm-busy "$told"; fi
  refuse jvm-silent "$told"
}

# -> all_threads, stopped, running, uninterruptible; collectors, the threads of the garbage collector.
look_at_states() {
  all_threads=0 stopped=0 running=0 uninterruptible=0
  collectors=
  for task in "/proc/$pid/task"/*; do
    read_thread "${task##*/}" || continue
    all_threads=$((all_threads + 1))
    case $state in
      T | t) stopped=$((stopped + 1)) ;;
      R) running=$((running + 1)) ;;
      D) uninterruptible=$((uninterruptible + 1)) ;;
    esac
    line_of "$task/comm"
    case $line in
      "GC Thread"* | "G1 "* | "ParGC"* | "Gang worker"* | "ZWorker"* | "XWorker"* | "Shenandoah"*)
        collectors="$collectors ${task##*/}"
        ;;
    esac
  done
}

# -> collector: hundredths of a second of CPU that its threads used within one second.
measure_collector() {
  collector_used
  collector=$collected
  sleep 1
  collector_used
  collector=$((collected - collector))
  [ $collector -ge 0 ] || collector=0
}

collector_used() {
  collected=0
  for task in $collectors; do
    if read_thread "$task"; then collected=$((collected + used)); fi
  done
}

# Clock ticks, which /proc counts in hundredths of a second -> seconds_of, 1.25
seconds_of() {
  hundredths=$(($1 % 100))
  [ $hundredths -ge 10 ] || hundredths=0$hundredths
  seconds_of=$(($1 / 100)).$hundredths
}
# Starting the session.

# Asks something that changes nothing before anything is asked that does: a request that the JVM has not read when we
# give up stays in its queue, and runs when a heap dump ends, minutes later. 2 ms where the JVM was asked before.
refuse_unless_answering() {
  wait_for_vm_thread
  note_cpu
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
    refuse_silence "$2"
  fi
  # It has waited 6 s for the socket.
  if [ "$1" = 1 ]; then
    read_uptime
    [ $((uptime - asked_at)) -lt 5 ] || refuse_silence $((uptime - asked_at))
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
    path=${path%" (deleted)"}
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
  note_cpu
  said=$(bounded 5 ./asprof status --libpath "$1" "$pid" 2>&1 </dev/null)
  [ $? != 137 ] || refuse_answer 137 5
  case $said in
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
  note_cpu
  said=$(bounded 20 ./asprof load "$pid" "$jvm_library" true \
    "start,event=ctimer,wall=50ms,alloc=512k,lock=1ms,chunktime=5s,timeout=$duration,jfr,file=$jvm_recording,log=$jvm_log" \
    2>&1 </dev/null)
  code=$?
  # busybox knows no nanoseconds and prints the letter: then it is whole seconds.
  say clock "$(date +%s%N)"
  # An asprof whose child was killed ends with 0.
  case $said in
    *"return code: 0"*) ;;
    *) [ $code != 0 ] || code=137 ;;
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
  refuse_poor_shell
  choose_jvm
  look_before_touching
  unpack
  refuse_unless_answering
  refuse_beside_another_profiler
  start_session
  say_started
}

main
