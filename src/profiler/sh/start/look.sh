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

# /proc/PID/status -> uid, gid (effective), caught, capabilities; own_number: its pid in its own namespace.
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

# Where the JVM's files are, seen from here: `shared`. Else root goes `through` /proc/PID/root; anybody else is an
# `agent` beside the JVM under the same user, and the JVM reads and writes here through /proc/OUR PID/root.
find_layout() {
  view=
  root=/proc/$pid/root
  if has_own_files "$pid"; then
    layout=agent
    if [ "$own_uid" = 0 ] && { [ -d "$root/tmp" ] || [ -L "$root/tmp" ]; }; then
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
  # asprof has its answers in files there, and would follow the link in our files.
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
  # Tried, because busybox's test -w looks at the mode alone, which says nothing about a read-only mount.
  # A directory: the id can be read from our command line, and a file could be a link or a pipe that waits there.
  probe=$jvm_tmp/.flamepin-$id
  if ! { mkdir "$probe" && rmdir "$probe"; } 2>/dev/null; then
    if [ -e "$probe" ] || [ -L "$probe" ]; then refuse tmp-not-writable "$probe already exists and belongs to another user"; fi
    refuse_missing_rights
    refuse tmp-not-writable "/tmp is not writable for $own_uid:$own_gid"
  fi
  # It is named after the number that the JVM has in its own PID namespace.
  socket=$jvm_tmp/.java_pid$own_number
  if [ -S "$socket" ] && [ ! -w "$socket" ]; then
    refuse tmp-not-writable "$socket belongs to another user: left by an earlier JVM with the same pid"
  fi
}

# Root without CAP_SYS_PTRACE (bit 19) looks into processes of root only that have no more capabilities.
may_reach_other_files() {
  case $own_uid:$own_capabilities in
    0:*[89abcdef]????) return 0 ;;
    0:*) return 1 ;;
  esac
}

# Why root may not write to a directory of the JVM.
refuse_missing_rights() {
  [ "$own_uid" = 0 ] || return 0
  # A file system that was mounted in a user namespace knows only the users of that namespace.
  own_users=$(readlink "/proc/$$/ns/user" 2>/dev/null)
  its_users=$(readlink "/proc/$pid/ns/user" 2>/dev/null)
  if [ -n "$its_users" ] && [ "$own_users" != "$its_users" ]; then
    refuse user-namespace "the JVM runs in a user namespace of its own, and $own_uid:$own_gid may not write to its /tmp"
  fi
  # CAP_DAC_OVERRIDE, bit 1.
  case $own_capabilities in
    *[2367abef]) ;;
    *) refuse capability-missing "root without CAP_DAC_OVERRIDE cannot write to the /tmp of user $uid" ;;
  esac
}
