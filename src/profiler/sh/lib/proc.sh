# /proc, read with builtins: a fork costs a millisecond, more on a loaded node.

# First line of a file -> line; empty when it cannot be read.
line_of() {
  line=
  { IFS= read -r line <"$1"; } 2>/dev/null || :
}

# /proc/PID/stat -> state, parent, used (clock ticks of CPU), ticks (start time; empty when there is no such process). The name
# in it may hold anything, even newlines and parentheses: what counts follows the last one.
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

# The same of one thread of $pid -> state, used; ticks stay those of the process.
# shellcheck disable=SC2154 # pid is the caller's
read_thread() { # NUMBER
  process_ticks=$ticks
  read_stat "$pid/task/$1"
  thread_read=$?
  ticks=$process_ticks
  return $thread_read
}

# Does a process see other files than we do? The id of a mount differs in every mount namespace, so equal first lines
# mean one file system. A process whose mounts cannot be read is taken for one of ours.
has_own_files() {
  line_of "/proc/$$/mountinfo"
  own_mount=$line
  line_of "/proc/$1/mountinfo"
  [ -n "$line" ] && [ "$line" != "$own_mount" ]
}
