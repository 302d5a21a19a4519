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
