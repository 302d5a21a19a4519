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
