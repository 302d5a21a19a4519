#!/bin/sh
# Runs on the host as `sh -c TEXT flamepin PORT`: which JVMs there are, whose they are, how much CPU each has used, and
# which of them listens on that TCP port (0: none is asked for). Reads /proc alone. Prints key=value lines: boot,
# hostname, btime, uid and user are the host's; `jvm` is a pid, and the lines after it tell of it, a `group` for each
# control group; `listed` comes last.
set -u
export LC_ALL=C

port=$1

. ./lib/say.sh
. ./lib/arguments.sh
. ./lib/proc.sh
. ./lib/jvms.sh

case $port in
  *[!0-9]*) exit 2 ;;
esac

main() {
  line_of /proc/sys/kernel/random/boot_id
  say boot "$line"
  line_of /proc/sys/kernel/hostname
  say hostname "$line"
  say btime "$(sed -n 's/^btime //p' /proc/stat)"
  own_uid=$(id -u)
  say uid "$own_uid"
  say user "$(id -un)"
  hexadecimal=$(printf %04X "$port")
  listed=0
  named_owner=
  owner_name=
  # In nine parts: the threads of a large host are more than one command line holds.
  for digit in 1 2 3 4 5 6 7 8 9; do
    # shellcheck disable=SC2013 # a path of /proc is one word
    for path in $(grep -lsx 'VM Thread' /proc/$digit*/task/*/comm); do
      pid=${path#/proc/}
      say_jvm "${pid%%/*}"
    done
    # Those without names of threads, see lib/jvms.sh.
    # shellcheck disable=SC2013
    for path in $(grep -ls '/libjvm\.so' /proc/$digit*/maps); do
      pid=${path#/proc/}
      pid=${pid%%/*}
      if ! grep -qsx 'VM Thread' "/proc/$pid/task"/*/comm && is_jvm "$pid"; then say_jvm "$pid"; fi
    done
  done
  say listed $listed
}

say_jvm() { # PID
  read_stat "$1" || return 0
  read_owner "$1"
  listed=$((listed + 1))
  say jvm "$1"
  say ticks "$ticks"
  say used "$used"
  say owner "$owner"
  # Most JVMs of a host have one owner, and asking for each costs a process.
  if [ "$owner" != "$named_owner" ]; then
    named_owner=$owner
    owner_name=$(id -un "$owner" 2>/dev/null)
  fi
  say name "$owner_name"
  say contained "$contained"
  say_groups "$1"
  look_at_files "$1"
  say apart "$apart"
  if [ "$port" != 0 ]; then
    look_at_port "$1"
    say listens "$listens"
  fi
  say_arguments "$(strings_of "/proc/$1/cmdline")"
}

# /proc/PID/status -> owner; contained: is it in a PID namespace of its own?
read_owner() { # PID
  owner=
  contained=no
  while read -r key first second _; do
    case $key in
      Uid:) owner=$second ;;
      NSpid:)
        [ -z "$second" ] || contained=yes
        break
        ;;
    esac
    [ -n "$first" ] || :
  done <"/proc/$1/status"
} 2>/dev/null

# The paths of its control groups, each once: systemd names them after units, container engines after containers.
say_groups() { # PID
  groups=/
  while IFS=: read -r _ _ group; do
    case "$newline$groups$newline" in
      *"$newline$group$newline"*) continue ;;
    esac
    groups=$groups$newline$group
    say group "$group"
  done <"/proc/$1/cgroup"
} 2>/dev/null

# Does it see another /tmp than we do, as with systemd's PrivateTmp? Unknown where its mounts may not be read.
look_at_files() { # PID -> apart
  apart=no
  if has_own_files "$1"; then apart=yes; fi
}

# Does it listen on the port, in its own network? -> listens: yes, no, or hidden: a process of its user does, and its
# descriptors may not be read.
look_at_port() { # PID
  listens=no
  # sl, local address, remote address, state (0A: listening), queues, timer, retransmits, uid, timeout, inode
  sockets=$(grep -hE "^ *[0-9]+: [0-9A-F]+:$hexadecimal [0-9A-F]+:0000 0A " \
    "/proc/$1/net/tcp" "/proc/$1/net/tcp6" 2>/dev/null)
  [ -n "$sockets" ] || return 0
  for socket in $(echo "$sockets" | while read -r _ _ _ _ _ _ _ uid _ inode _; do echo "$uid:$inode"; done); do
    if [ ! -r "/proc/$1/fd" ]; then
      [ "${socket%%:*}" != "$owner" ] || listens=hidden
    elif holds "$1" "${socket#*:}"; then
      listens=yes
      return 0
    fi
  done
}

# Is a socket, by its inode, among the descriptors of a process? What their links lead to, no glob tells.
holds() { # PID INODE
  # shellcheck disable=SC2010
  ls -l "/proc/$1/fd" 2>/dev/null | grep -q "socket:\[$2]"
}

main
