# Room in the directories where files of ours go: a full /tmp harms the application, and loses the recording.

# The payload and what is unpacked from it, 0.7 MB each, and some more; kB.
tools_room=2048
# 180 threads wrote 24 kB/s; kB per second of the window, and what is written at its end.
recording_room=$((64 * duration + 1024))

# Attaching and asprof make small files in /tmp, wherever ours are; kB.
attach_room=64

# The kernel cuts off what grows beyond the limit on the size of a file (RLIMIT_FSIZE), or ends who writes it. The JVM
# writes the recording; we unpack.
look_at_file_size() {
  file_size_known=
  file_room "$pid" "the JVM" $recording_room "a recording"
  say check.file_size "$file_size_known"
  file_room "$$" "commands there" $((tools_room / 2)) "the profiler"
}

# -> file_size_known, in words; refuses when the limit is below what is needed.
file_room() { # PID WHO KB FOR
  if ! limit_of file "$1"; then
    file_size_known="its limit cannot be read"
    return 0
  fi
  # By its digits: mksh computes with 32 bits.
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

# Does a directory have so many kB free? Where nothing can say so, it has. When not: `blocked` and `full` say why.
# Not df: it looks the directory up in our own mounts, where those of a JVM with a file system of its own are not.
has_room() { # DIRECTORY KB
  # No here-document: shells keep it in a file of /tmp, which may be full.
  # shellcheck disable=SC2046 # three numbers
  set -- "$1" "$2" $(stat -f -c '%b %a %S' "$1" 2>/dev/null)
  total=${3-} free=${4-} size=${5-}
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
