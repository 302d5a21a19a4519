# Limits of a process.

# /proc/PID/limits -> limit, the soft one: a number or `unlimited`; fails when it cannot be read.
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
