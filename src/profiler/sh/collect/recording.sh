# The recording is in a directory of the JVM's user, who can put anything there, or replace the directory, while root
# reads. So it is opened once, and the open file is checked, not the path: only a file of that user counts. Opening a
# pipe would block: call this with a bound.

# Prints ended, sha256 and size, an empty line and the bytes, if there are not too many; size=-1 without a recording.
print_recording() {
  if [ -f "$recording" ] && [ ! -L "$recording" ] && exec 3<"$recording" && is_of_jvm; then
    # `&& :`, as in each $() with a pipe: yash becomes its last command and then waits for none of the others.
    sum=$(head -c "$size" /proc/self/fd/3 3<&3 | sha256sum && :)
    say ended "$(date -r /proc/self/fd/3 +%s%N 2>/dev/null 3<&3)"
    say sha256 "${sum%% *}"
    say size "$size"
    echo
    [ "$size" -gt "$most" ] || head -c "$size" /proc/self/fd/3 3<&3
  else
    say size -1
    echo
  fi
}

# Is descriptor 3 a file with one name, of the user to whom the directory belongs? -> size
is_of_jvm() {
  # No here-document: shells keep it in a file of /tmp, which may be full.
  # shellcheck disable=SC2046 # words
  set -- $(ls -ldn "${recording%/*}")
  mode=${1-} owner=${3-}
  case $mode in
    d*) ;;
    *) return 1 ;;
  esac
  # shellcheck disable=SC2046 # words
  set -- $(ls -lnL /proc/self/fd/3 3<&3)
  mode=${1-} links=${2-} opened=${3-} size=${5-}
  case $mode:$links:$opened in
    -*:1:"$owner") ;;
    *) return 1 ;;
  esac
}
