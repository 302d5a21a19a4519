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
