#!/bin/sh
set -u
umask 077
export LC_ALL=C
id=$1 duration=$2 asked=$3 architecture=$4 asprof_bytes=$5 sha256=$6
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
is_jvm() { # PID
  nameless=0
  for comm in "/proc/$1/task"/*/comm; do
    line_of "$comm"
    case $line in
      "VM Thread") return 0 ;;
      "GC Thread#"* | "G1 "* | "ZWorker"* | "ZDriver"* | "XWorker"* | "XDriver"* | "Shenandoah"*) nameless=-10000 ;;
    esac
    nameless=$((nameless + 1))
  done
  [ $nameless -ge 8 ] && has_mapped "$1" libjvm.so
}
has_mapped() { # PID NAME
  mapped_file=
  {
    while IFS= read -r line; do
      case $line in
        */"$2"*)
          mapped_file=/${line#*/}
          break
          ;;
      esac
    done <"/proc/$1/maps"
  } 2>/dev/null || :
  [ -n "$mapped_file" ]
}
find_jvms() {
  candidates=
  for directory in /proc/[0-9]*; do
    if is_jvm "${directory#/proc/}"; then candidates="$candidates ${directory#/proc/}"; fi
  done
  line_of "/proc/$$/mountinfo"
  own_mount=$line
  own=
  for pid in $candidates; do
    line_of "/proc/$pid/mountinfo"
    [ "$line" != "$own_mount" ] || own="$own $pid"
  done
  if [ -n "$own" ] || [ ! -x /opt/flamepin/asprof ]; then candidates=$own; fi
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
limit_of() { # processes, open for files, or file for the size of one; PID, $pid without it
  limit=
  {
    while read -r _ what first second _; do
      case $what:$first in
        processes:*) found=$first ;;
        open:files | file:size) found=$second ;;
        *) continue ;;
      esac
      if [ "$what" = "$1" ]; then
        limit=$found
        break
      fi
    done <"/proc/${2:-$pid}/limits"
  } 2>/dev/null || :
  case $limit in
    unlimited) ;;
    '' | *[!0-9]*) return 1 ;;
  esac
}
read_namespace() {
  line_of /proc/sys/kernel/random/boot_id
  namespace=$(readlink /proc/self/ns/pid 2>/dev/null)
  [ -z "$namespace" ] || namespace=$line/$namespace
}
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
# shellcheck disable=SC2319 # the code of the condition is what is asked for
refuse_poor_shell() {
  known=0
  { test -O / || known=$?; } 2>/dev/null
  [ "$known" -le 1 ] || refuse shell-unsupported "its test has no -O"
  { test -k / || known=$?; } 2>/dev/null
  [ "$known" -le 1 ] || refuse shell-unsupported "its test has no -k"
}
remove_ours() {
  [ -z "$recording_dir" ] || rm -rf "$recording_dir"
  [ -z "$shared_with" ] || return 0
  [ -z "$placed" ] || rm -rf "$placed"
  [ -z "$tools" ] || [ "$tools" = /opt/flamepin ] || [ "$layout" = agent ] || rm -rf "$tools"
}
drain_payload() {
  drained=1
  check_sum "$(sha256sum)"
}
check_sum() { # what sha256sum printed
  [ "${1%% *}" = "$sha256" ] || refuse payload-rejected "SHA-256 ${1%% *}, expected $sha256"
}
drain() {
  if [ -z "$drained" ]; then
    if [ -n "$no_fork" ]; then
      while read -r _; do :; done
    else
      cat >/dev/null
    fi
  fi
  drained=1
}
start_within=45
revoked=
trap 'revoked=1' TERM
trap '' PIPE
note_begin() {
  line_of /proc/uptime
  begun=${line%%.*}
}
refuse_if_given_up() {
  [ -z "$revoked" ] || refuse interrupted "flamepin has given up on this start"
  say ready 1 2>/dev/null || refuse interrupted "flamepin has disconnected"
  line_of /proc/uptime
  case ${line%%.*}:$begun in
    *[!0-9:]* | :* | *:) return 0 ;;
  esac
  if [ $((${line%%.*} - begun)) -gt $start_within ]; then
    refuse exec-timeout "getting ready took $((${line%%.*} - begun)) s; the limit is $start_within s"
  fi
}
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
    refuse_other_java "$asked"
    refuse not-a-jvm "process $asked has no VM thread$called_java"
  fi
  refuse target-gone "there is no process $asked"
}
look_for_starting_jvms() {
  called_java=
  for directory in /proc/[0-9]*; do
    if has_own_files "${directory#/proc/}"; then continue; fi
    line_of "$directory/comm"
    [ "$line" != java ] || refuse_when_starting "${directory#/proc/}"
    refuse_other_java "${directory#/proc/}"
  done
}
refuse_when_starting() { # PID -> called_java, a hint, when nothing is certain
  for comm in "/proc/$1/task"/*/comm; do
    line_of "$comm"
    case $line in
      "GC Thread#"*) refuse jvm-starting "process $1 has garbage collector threads but no VM thread yet" ;;
      java) called_java="; process $1 is named java: it may still be starting, or may not be HotSpot" ;;
    esac
  done
}
choose_busiest() {
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
  [ -n "$pid" ] || refuse target-gone "all $count JVMs have ended"
  [ $next -ge 0 ] || next=0
  choice="busiest of $count JVMs over one second: process $pid used ${most} hundredths of a CPU second, the next one ${next}"
}
refuse_other_java() { # PID
  for comm in "/proc/$1/task"/*/comm; do
    line_of "$comm"
    [ "$line" != "ference Handler" ] ||
      refuse jvm-unsupported "process $1 is a native image of GraalVM: there is no JVM in it"
  done
  line_of "/proc/$1/comm"
  case $line in
    java | main)
      if has_mapped "$1" libj9vm; then refuse jvm-unsupported "process $1 runs OpenJ9: ${mapped_file##*/} is mapped"; fi
      ;;
  esac
}
refuse_older_than_8() {
  library_of_jvm=$(grep -m 1 -o '/.*/libjvm\.so' "/proc/$pid/maps" 2>/dev/null)
  home=$library_of_jvm
  [ $layout = shared ] || home=$root$home
  level=0
  while [ -n "$library_of_jvm" ] && [ $level -lt 5 ]; do
    level=$((level + 1))
    home=${home%/*}
    if [ -f "$home/release" ] && [ -r "$home/release" ]; then
      version=$(bounded 2 head -c 4096 "$home/release" 2>/dev/null </dev/null | grep '^JAVA_VERSION=' && :)
      case $version in
        'JAVA_VERSION="1.'[1-7].*) refuse jvm-unsupported "process $pid runs JDK ${version#JAVA_VERSION=}" ;;
      esac
      return 0
    fi
  done
}
look_before_touching() {
  say_who
  look_at_state
  look_at_user
  find_layout
  find_group
  refuse_when_frozen
  look_at_threads
  look_at_descriptors
  look_at_file_size
  say_command_line
  look_at_architecture
  refuse_older_than_8
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
read_status() {
  uid='' gid='' caught='' capabilities='' own_number=$1
  {
    while read -r key first second others; do
      case $key in
        NSpid:) for number in $first $second $others; do own_number=$number; done ;;
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
  case $caught in
    *[4567cdef]) say check.sigquit "caught" ;;
    *) refuse sigquit-not-caught "SIGQUIT is not in SigCgt $caught of process $pid" ;;
  esac
}
look_at_user() {
  if [ "$own_uid:$own_gid" != "$uid:$gid" ]; then
    case $own_uid:$own_capabilities in
      0:*[c-f]?) ;;
      *) refuse other-user "the JVM runs as $uid:$gid, commands here as $own_uid:$own_gid" ;;
    esac
  fi
  say check.user "the JVM runs as $uid:$gid, commands here as $own_uid:$own_gid"
}
find_layout() {
  view=
  root=/proc/$pid/root
  if has_own_files "$pid"; then
    layout=agent
    if [ "$own_uid" = 0 ] && { [ -d "$root/tmp" ] || [ -L "$root/tmp" ]; }; then
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
look_at_tmp() {
  if [ $layout = agent ]; then jvm_tmp=$root/tmp; else jvm_tmp=$view/tmp; fi
  if [ $layout != shared ] && [ -L "$jvm_tmp" ]; then
    refuse tmp-not-writable "/tmp of the JVM is a link to $(readlink "$jvm_tmp"), which leads elsewhere outside of its container"
  fi
  if [ ! -d "$jvm_tmp" ]; then
    may_reach_other_files ||
      refuse capability-missing "root without CAP_SYS_PTRACE cannot reach the files of process $pid"
    refuse tmp-not-writable "the JVM has no /tmp, or it cannot be reached from here"
  fi
  blocked=
  has_room "$jvm_tmp" $attach_room || refuse tmp-full "${blocked#; }"
  probe=$jvm_tmp/.flamepin-$id
  if ! { mkdir "$probe" && rmdir "$probe"; } 2>/dev/null; then
    if [ -e "$probe" ] || [ -L "$probe" ]; then refuse tmp-not-writable "$probe already exists and belongs to another user"; fi
    refuse_missing_rights
    refuse tmp-not-writable "/tmp is not writable for $own_uid:$own_gid"
  fi
  socket=$jvm_tmp/.java_pid$own_number
  if [ -S "$socket" ] && [ ! -w "$socket" ]; then
    refuse tmp-not-writable "$socket belongs to another user: left by an earlier JVM with the same pid"
  fi
}
may_reach_other_files() {
  case $own_uid:$own_capabilities in
    0:*[89abcdef]????) return 0 ;;
    0:*) return 1 ;;
  esac
}
refuse_missing_rights() {
  [ "$own_uid" = 0 ] || return 0
  own_users=$(readlink "/proc/$$/ns/user" 2>/dev/null)
  its_users=$(readlink "/proc/$pid/ns/user" 2>/dev/null)
  if [ -n "$its_users" ] && [ "$own_users" != "$its_users" ]; then
    refuse user-namespace "the JVM runs in a user namespace of its own, and $own_uid:$own_gid may not write to its /tmp"
  fi
  case $own_capabilities in
    *[2367abef]) ;;
    *) refuse capability-missing "root without CAP_DAC_OVERRIDE cannot write to the /tmp of user $uid" ;;
  esac
}
most_option_files=8
most_option_bytes=65536
look_at_attaching() {
  attach='' dynamic=''
  flags_file='' option_files=0 unread=''
  read_environment
  read_options "$tool_options"
  read_options "$launcher_options"
  read_options "$command_line"
  read_options "$late_options"
  [ -z "$flags_file" ] || read_flags_file
  [ "$attach" != off ] || refuse attach-disabled "-XX:+DisableAttachMechanism"
  [ "$dynamic" != off ] || refuse attach-disabled "-XX:-EnableDynamicAgentLoading"
  say check.attach "not switched off$unread"
}
read_environment() {
  tool_options='' launcher_options='' late_options=''
  environment=$(strings_of "/proc/$pid/environ") || unread="; its environment cannot be read"
  IFS=$newline
  set -f
  for line in $environment; do
    case $line in
      JAVA_TOOL_OPTIONS=*) tool_options=${line#*=} ;;
      JDK_JAVA_OPTIONS=*) launcher_options=${line#*=} ;;
      _JAVA_OPTIONS=*) late_options=${line#*=} ;;
    esac
  done
  unset IFS
  # shellcheck disable=SC2086 # words
  tool_options=$(printf '%s\n' $tool_options)
  # shellcheck disable=SC2086 # words
  launcher_options=$(printf '%s\n' $launcher_options)
  # shellcheck disable=SC2086 # words
  late_options=$(printf '%s\n' $late_options)
  set +f
}
read_options() { # one a line
  IFS=$newline
  set -f
  # shellcheck disable=SC2086 # lines
  set -- $1
  set +f
  unset IFS
  for option; do
    case $option in
      @@* | @) ;;
      @*) read_option_file "${option#@}" ;;
      -XX:VMOptionsFile=?*) read_option_file "${option#*=}" ;;
      -XX:Flags=?*) flags_file=${option#*=} ;;
      -XX:+ReadVMOptionsFile) flags_file=.hotspotrc ;;
      *) read_option "$option" ;;
    esac
  done
}
read_option() {
  case $1 in
    -XX:+DisableAttachMechanism) attach=off ;;
    -XX:-DisableAttachMechanism) attach=on ;;
    -XX:-EnableDynamicAgentLoading) dynamic=off ;;
    -XX:+EnableDynamicAgentLoading) dynamic=on ;;
  esac
}
read_option_file() { # PATH as the JVM has it
  words_of_file "$1" || return 0
  set -f
  for word in $words; do
    case $word in
      -XX:VMOptionsFile=?*)
        words_of_file "${word#*=}" || continue
        for inner in $words; do read_option "$inner"; done
        ;;
      -XX:Flags=?*) flags_file=${word#*=} ;;
      *) read_option "$word" ;;
    esac
  done
  set +f
}
read_flags_file() {
  words_of_file "$flags_file" || return 0
  told_attach=$attach told_dynamic=$dynamic
  set -f
  for word in $words; do read_option "-XX:$word"; done
  set +f
  attach=${told_attach:-$attach} dynamic=${told_dynamic:-$dynamic}
}
words_of_file() { # PATH as the JVM has it
  words=
  case $1 in
    /*) path=$1 ;;
    *) path=/proc/$pid/cwd/$1 ;;
  esac
  case $layout:$path in
    shared:* | *:/proc/"$pid"/*) ;;
    *) path=$root$path ;;
  esac
  option_files=$((option_files + 1))
  if [ $option_files -gt $most_option_files ] || [ ! -f "$path" ] || [ ! -r "$path" ]; then
    unread="; a file of its options cannot be read"
    return 1
  fi
  words=$(bounded 2 head -c $most_option_bytes "$path" 2>/dev/null </dev/null |
    sed -e 's/^[[:blank:]]*#.*//' -e 's/[[:blank:]]#.*//' | tr -s ' \t\r\f"'\' '\n' |
    grep -E '^(-XX:)?([+-](DisableAttachMechanism|EnableDynamicAgentLoading)|(VMOptionsFile|Flags)=.+)$' | head -n 50 && :)
}
refuse_when_frozen() {
  [ -n "$cgroups" ] || return 0
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
threads_needed=16
threads_known=
look_at_threads() {
  threads_known=
  look_at_group_threads "its control group"
  look_at_user_threads
  trap refuse_without_forks EXIT
  look_at_machine_threads
  try_what_cannot_be_seen
  trap - EXIT
  say check.threads "${threads_known#; }"
}
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
machine_threads() {
  line_of /proc/loadavg
  machine_threads=${line#*/}
  machine_threads=${machine_threads%% *}
  case $machine_threads in
    '' | *[!0-9]*) machine_threads= ;;
  esac
}
look_at_machine_threads() {
  machine_threads
  [ -n "$machine_threads" ] || return 0
  # shellcheck disable=SC2046 # two numbers
  set -- $(cat /proc/sys/kernel/threads-max /proc/sys/kernel/pid_max 2>/dev/null)
  [ $# = 2 ] || return 0
  room_for_threads "$machine_threads" "$1" "on the machine (kernel.threads-max)"
  [ "$machine_threads" -gt "$2" ] || room_for_threads "$machine_threads" "$2" "on the machine (kernel.pid_max)"
}
try_what_cannot_be_seen() {
  [ -n "$levels_hidden$user_limit" ] || return 0
  tried=9
  if [ $layout != through ] && { [ -z "$user_limit" ] || [ "$own_uid" = "$owner" ]; }; then
    if may_retry; then at_bound=see_whether_fork_failed; fi
    bounded 10 start_at_once $((threads_needed - 3)) "$user_limit" >/dev/null 2>&1 </dev/null
    tried=$?
    at_bound=
  fi
  case $tried in
    0) threads_known="$threads_known; $threads_needed more could be started" ;;
    9) threads_known="$threads_known; other limits cannot be seen from here" ;;
    137)
      trap - EXIT
      refuse exec-timeout "starting $threads_needed processes took longer than 10 s, so nobody can tell whether the JVM has room for more threads"
      ;;
    *) refuse_without_forks ;;
  esac
}
refuse_without_forks() {
  trap - EXIT
  no_fork=1
  wait
  biggest_thread_group
  refuse threads-full "out of threads: $threads_needed processes could not be started at once here, so a limit of the pod or of user $uid is reached; visible from here: ${threads_known#; }$biggest"
}
may_retry() { [ -n "${BASH_VERSION-}${KSH_VERSION-}" ]; }
see_whether_fork_failed() {
  looks=0
  sleeps=0
  while [ $looks -lt 9 ]; do
    looks=$((looks + 1))
    innermost "$bounded"
    [ "$state" != S ] || sleeps=$((sleeps + 1))
  done
  # shellcheck disable=SC2034 # the watcher's
  [ $sleeps -lt 5 ] || ended_with=138
}
innermost() { # PID
  inner=$1
  pairs=' '
  for path in /proc/[0-9]*; do
    if read_stat "${path#/proc/}"; then pairs="$pairs$parent:${path#/proc/} "; fi
  done
  while :; do
    case $pairs in
      *" $inner:"*)
        inner=${pairs#*" $inner:"}
        inner=${inner%%" "*}
        ;;
      *) break ;;
    esac
  done
  read_stat "$inner" || :
}
start_at_once() { # NUMBER LIMIT: under the JVM's own limit of processes; 9 when it cannot be set
  if [ -n "$2" ]; then
    # shellcheck disable=SC3045
    { ulimit -S -u "$2" || ulimit -S -p "$2" || exit 9; } 2>/dev/null
  fi
  nest "$1"
}
nest() {
  [ "$1" -gt 0 ] || return 0
  nest $(($1 - 1)) &
  wait $!
}
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
  if [ ${#1} = 15 ]; then
    kind="${kind%\*}*"
    name="${name%\*}*"
  fi
}
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
count_descriptors() {
  set -- "/proc/$pid/fd"/*
  descriptors=
  if [ -L "$1" ]; then descriptors=$#; fi
}
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
  case $line in
    max | ????????????????*) unlimited= ;;
  esac
  [ ${#line} -le 15 ] || return 0
  megabytes "$line" || return 0
  limit=$megabytes
  line_of "$2"
  megabytes "$line" || return 0
  usage=$((megabytes + 1))
  number_in "$3" "$4"
  megabytes "${value:-0}" || return 0
  room=$((limit - usage + megabytes))
  if [ -z "$headroom" ] || [ $room -lt "$headroom" ]; then headroom=$room; fi
}
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
tools_room=2048
recording_room=$((64 * duration + 1024))
attach_room=64
look_at_file_size() {
  file_size_known=
  file_room "$pid" "the JVM" $recording_room "a recording"
  say check.file_size "$file_size_known"
  file_room "$$" "commands there" $((tools_room / 2)) "the profiler"
}
file_room() { # PID WHO KB FOR
  if ! limit_of file "$1"; then
    file_size_known="its limit cannot be read"
    return 0
  fi
  case $limit in
    unlimited) file_size_known="no limit" && return 0 ;;
    ?????????????*) file_size_known="more than 1,000,000 MB" && return 0 ;;
    ????*) limit=${limit%???} ;;
    *) limit=0 ;;
  esac
  grouped "$limit"
  file_size_known="$grouped kB"
  [ "$limit" -lt "$3" ] || return 0
  grouped "$3"
  refuse file-size-limited "$2 may write $file_size_known to a file (Max file size), and $4 may need $grouped kB"
}
has_room() { # DIRECTORY KB
  # shellcheck disable=SC2046 # three numbers
  set -- "$1" "$2" $(stat -f -c '%b %a %S' "$1" 2>/dev/null)
  total=${3-} free=${4-} size=${5-}
  case $total:$free:$size in
    0:* | *[!0-9:]* | :* | *:) return 0 ;;
  esac
  [ ${#free} -le 8 ] || free=99999999
  if [ "$size" -ge 1024 ]; then free=$((free * (size / 1024))); else free=$((free / (1024 / size))); fi
  [ "$free" -lt "$2" ] || return 0
  full=1
  blocked="$blocked; $1 has $free kB free, $2 kB are needed"
  return 1
}
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
      log=$recording_dir/asprof.log
      jvm_log=/proc/$$/root$log
      ;;
    through) place_library ;;
  esac
  make_recording_directory
  make_log
  say check.tmp "$base is writable and allows execution"
}
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
      if [ -d "$taken" ]; then refuse profiler-conflict "$taken already exists: this capture was started before"; fi
    done
  done
}
find_places() {
  places=
  loose=
  for place in /tmp /var/tmp /dev/shm; do
    [ -d "$1$place" ] || continue
    if [ -k "$1$place" ]; then places="$places $place"; else loose="$loose $place"; fi
  done
  places="$places$loose"
}
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
use_kept_tools() {
  [ $layout = agent ] && own_directory "$mine" && cd "$mine" && own_directory . && [ -f libasyncProfiler.so ] || return
  sum=$(cat asprof libasyncProfiler.so | sha256sum && :)
  [ "${sum%% *}" = "$sha256" ] || return
  tools=$mine
  drain_payload
  has_room "$base" $recording_room || refuse tmp-full "${blocked#; }"
}
own_directory() { ours "$1" && [ -d "$1" ]; }
make_tools_directory() {
  if [ -e "$mine" ] || [ -L "$mine" ]; then
    if own_directory "$mine"; then shared_with=$mine; fi
    rm -rf "$mine" 2>/dev/null
  fi
  if { mkdir -m 755 "$mine" && cd "$mine" && own_directory .; } 2>/dev/null; then
    note_namespace . && return 0
    rm -rf "$mine"
  fi
  if [ -e "$mine" ] || [ -L "$mine" ]; then
    blocked="$blocked; $mine already exists and belongs to another user"
  else
    blocked="$blocked; $base is not writable"
  fi
  return 1
}
note_namespace() { # DIRECTORY, a new one of ours
  read_namespace
  printf '%s\n' "$namespace" 2>/dev/null >"$1/namespace"
}
receive_payload() {
  if [ -z "$payload" ]; then
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
  drained=1
  check_sum "$(sha256sum payload)"
  if ! { head -c "$asprof_bytes" payload >asprof && tail -c "+$((asprof_bytes + 1))" payload >libasyncProfiler.so; } 2>/dev/null; then
    refuse tmp-not-writable "writing to $base failed: no space?"
  fi
  chmod 755 asprof libasyncProfiler.so
}
place_library() {
  base=
  : >"seen-$$"
  find_places "$root"
  for there in $places; do
    [ ! -L "$root$there" ] || continue
    placed=$root$there/flamepin-jvm-$pid-$ticks
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
    note_namespace "$placed" || refuse tmp-not-writable "writing to $base of the JVM failed: no space?"
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
    refuse tmp-not-writable "$taken could not be created"
  fi
  give_to_jvm "$recording_dir"
}
make_log() {
  : >"$log"
  give_to_jvm "$log"
}
give_to_jvm() {
  if [ "$own_uid:$own_gid" != "$uid:$gid" ]; then
    chown -h "$uid:$gid" "$1" || refuse other-user "$1 could not be handed over to $uid:$gid"
  fi
}
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
      refuse jvm-busy "its VM thread was busy in all 25 checks over 5 s and used $seconds_of s of CPU"
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
read_uptime() {
  line_of /proc/uptime
  uptime=${line%%.*}
}
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
  told="no answer within $1 s; meanwhile its VM thread used $seconds_of s of CPU"
  seconds_of $others
  told="$told and its other threads $seconds_of s"
  measure_collector
  seconds_of "$collector"
  told="$told; over the next second its garbage collector used $seconds_of s; $all_threads threads, $running running, $uninterruptible in state D"
  if [ $vm -ge $(($1 * 50)) ] || [ "$collector" -ge 50 ]; then refuse jvm-busy "$told"; fi
  refuse jvm-silent "$told"
}
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
seconds_of() {
  hundredths=$(($1 % 100))
  [ $hundredths -ge 10 ] || hundredths=0$hundredths
  seconds_of=$(($1 / 100)).$hundredths
}
most_ended=1
many_threads=500
most_watched=4096
watched='' threads_ended=0 threads_now=0
watch_threads() {
  # shellcheck disable=SC2086 # paths of numbers
  set -- $watched
  for thread; do
    [ -d "$thread" ] || threads_ended=$((threads_ended + 1))
  done
  # shellcheck disable=SC2154 # pid is the caller's
  set -- "/proc/$pid/task"/*
  threads_now=$#
  watched=
  [ $# -gt $most_watched ] || watched=$*
}
# shellcheck disable=SC2034 # for session.sh
choose_engine() {
  watch_threads
  looks=0
  while [ $threads_ended -gt 0 ] && [ $threads_ended -le $most_ended ] && [ $looks -lt 6 ]; do
    looks=$((looks + 1))
    sleep 0.02 2>/dev/null || :
    watch_threads
  done
  engine_reason=
  if [ $threads_ended -gt $most_ended ]; then
    engine_reason="its threads live for milliseconds ($threads_ended ended while it was looked at)"
  elif [ $threads_now -ge $many_threads ]; then
    engine_reason="it has $threads_now threads, which may share little work each"
  elif lacks_timers; then
    engine_reason="$timers_left timers are left for its user, for $threads_now threads"
  fi
}
lacks_timers() {
  queued=
  {
    while read -r key value; do
      [ "$key" != SigQ: ] || queued=$value
    done <"/proc/$pid/status"
  } 2>/dev/null || :
  case $queued in
    *[!0-9/]* | '' | */*/*) return 1 ;;
    */*) timers_left=$((${queued#*/} - ${queued%/*})) ;;
    *) return 1 ;;
  esac
  [ $timers_left -lt $((threads_now + 16)) ]
}
itimer_interval() { # -> interval
  interval=0
  {
    while read -r key value; do
      case $key in
        cpu[0-9]*) interval=$((interval + 4)) ;;
      esac
    done </proc/stat
  } 2>/dev/null || :
  [ $interval -ge 10 ] || interval=10
}
refuse_unless_answering() {
  wait_for_vm_thread
  watch_threads
  note_cpu
  ask_jvm 10 VM.flags || refuse_another_jvm
  watch_threads
  case $said in
    *-XX:-EnableDynamicAgentLoading*) refuse attach-disabled "-XX:-EnableDynamicAgentLoading" ;;
    *"JVM response code"*) return 0 ;;
  esac
  read_stat "$pid" || refuse target-gone "process $pid has ended"
  refuse_answer $code 10
}
refuse_another_jvm() {
  refuse another-jvm-answers "a request to process $pid was answered, but not by it: its /tmp/.java_pid is the socket of another JVM"
}
refuse_answer() { # CODE of asprof, SECONDS that it had
  if [ "$1" = 137 ]; then
    rm -f "$jvm_tmp/.attach_pid$own_number" "/proc/$pid/cwd/.attach_pid$own_number" 2>/dev/null
    refuse_silence "$2"
  fi
  if [ "$1" = 1 ]; then
    read_uptime
    [ $((uptime - asked_at)) -lt 5 ] || refuse_silence $((uptime - asked_at))
  fi
  refuse profiler-failed "asprof ended with $1: $said"
}
refuse_beside_another_profiler() {
  seen=
  others=
  mapped=$(grep -E 'asyncProfiler|libjavaProfiler' "/proc/$pid/maps" 2>/dev/null)
  IFS=$newline
  set -f
  # shellcheck disable=SC2086 # lines
  set -- $mapped
  set +f
  unset IFS
  for line; do
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
      */flamepin-jvm-*/libasyncProfiler.so)
        if ! idle "$path" && ! records_nothing; then
          refuse profiler-conflict "a session of flamepin is running in process $pid"
        fi
        others="$others $path"
        ;;
      *libjavaProfiler*) refuse foreign-profiler "$path is loaded" ;;
      *)
        idle "$path" || refuse foreign-profiler "$path is active, or does not say"
        others="$others $path"
        ;;
    esac
  done
  if [ -n "$others" ]; then say check.profiler "loaded but not active:$others"; else say check.profiler "no other profiler is active"; fi
  case $seen in
    *"$library"*) say warm 1 ;;
    *) say warm 0 ;;
  esac
}
records_nothing() {
  [ -r "/proc/$pid/fd" ] || return 1
  # shellcheck disable=SC2010
  ! ls -l "/proc/$pid/fd" 2>/dev/null | grep -q '/flamepin-c-[0-9a-z.]*/recording\.jfr'
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
start_session() {
  say_cpu_stat
  refuse_if_given_up
  note_cpu
  start_with_what_can_be_had
  say clock "$(date +%s%N)"
  if [ $code != 0 ]; then
    revoke
    read_stat "$pid" || refuse target-gone "process $pid ended while the profiler was being started"
    refuse_answer $code 20
  fi
  if ! answered_by_it; then
    revoke
    refuse_another_jvm
  fi
  if [ -n "$revoked" ]; then
    revoke
    refuse interrupted "flamepin has given up on this start"
  fi
  started_ticks=$ticks
  read_stat "$pid" || :
  [ "$ticks" = "$started_ticks" ] || refuse target-gone "process $pid was replaced while the profiler was being started"
}
load_within=20
start_with_what_can_be_had() {
  said_first=
  choose_engine
  ladder='ctimer:alloc:lock itimer:alloc:lock ctimer::lock ctimer:alloc: itimer::lock itimer::'
  [ -z "$engine_reason" ] || ladder='itimer:alloc:lock itimer::lock itimer:alloc: itimer::'
  for events in $ladder; do
    if [ -z "$said_first" ]; then
      try_events "$events" $load_within
      said_first=$said
    else
      read_uptime
      if [ -n "$revoked" ] || [ $((uptime - asked_at)) -ge 10 ]; then break; fi
      try_events "$events" 5
    fi
    [ "$events" != itimer:alloc:lock ] || said_of_itimer=$said
    [ $code = 200 ] || break
  done
  case $code in
    0) say_events "$events" ;;
    200) said=$said_first ;;
  esac
}
try_events() { # ENGINE:ALLOC:LOCK SECONDS
  options=event=${1%%:*},wall=50ms
  case $1 in
    itimer:*)
      itimer_interval
      options=$options,interval=${interval}ms
      ;;
  esac
  case $1 in *:alloc:*) options=$options,alloc=512k ;; esac
  case $1 in *:lock) options=$options,lock=1ms ;; esac
  note_runs
  said=$(bounded "$2" ./asprof load "$pid" "$jvm_library" true \
    "start,$options,chunktime=5s,timeout=$duration,jfr,file=$jvm_recording,log=$jvm_log" \
    2>&1 </dev/null)
  code=$?
  case $said in
    *"return code: 0"* | *"response code = 0$newline"0) ;;
    *) [ $code != 0 ] || code=137 ;;
  esac
  [ $code != 0 ] || return 0
  reason=$(head -n 3 "$log" 2>/dev/null)
  said=${reason:-$said}
}
say_events() { # ENGINE:ALLOC:LOCK
  why=$said_first
  case $1 in
    itimer:*)
      if [ -n "$engine_reason" ]; then
        say check.events "cpu by itimer: $engine_reason"
      else
        say check.events "cpu by itimer; by ctimer: ${said_first##*"[ERROR] "}"
      fi
      why=$said_of_itimer
      ;;
  esac
  case $1 in
    *:alloc:*) ;;
    *) say missing.alloc "${why##*"[ERROR] "}" ;;
  esac
  case $1 in
    *:lock) ;;
    *) say missing.lock "${why##*"[ERROR] "}" ;;
  esac
}
revoke() {
  trap '' TERM
  tries=0
  until mv "$recording_dir" "$recording_dir.revoked" 2>/dev/null; do
    tries=$((tries + 1))
    if [ ! -d "$recording_dir" ] || [ $tries -ge 10 ]; then return 0; fi
  done
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
  say asks stdin
  case $id$duration$asked$asprof_bytes$sha256 in
    *[!0-9a-z,-]*) refuse internal-error "a parameter does not match its pattern" ;;
  esac
  refuse_poor_shell
  choose_jvm
  look_before_touching
  watch_threads
  unpack
  refuse_unless_answering
  refuse_beside_another_profiler
  start_session
  say_started
}
main
