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
  blocked=
  has_room "$jvm_tmp" $attach_room || refuse tmp-full "${blocked#; }"
  # Tried, because busybox's test -w looks at the mode alone, which says nothing about a read-only mount.
  # A directory: the id can be read from our command line, and a file could be a link or a pipe that waits there.
  probe=$jvm_tmp/.flamepin-$id
  if ! { mkdir "$probe" && rmdir "$probe"; } 2>/dev/null; then
    if [ -e "$probe" ] || [ -L "$probe" ]; then refuse tmp-not-writable "$probe already exists and belongs to another user"; fi
    refuse tmp-not-writable "/tmp is not writable for $own_uid:$own_gid"
  fi
  socket=$jvm_tmp/.java_pid$pid
  if [ -S "$socket" ] && [ ! -w "$socket" ]; then
    refuse tmp-not-writable "$socket belongs to another user: left by an earlier JVM with the same pid"
  fi
}
