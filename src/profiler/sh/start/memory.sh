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
