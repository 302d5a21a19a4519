# Tools of JVMs that are no more.

# An hour: a session takes a minute, and its recording is fetched within three.
abandoned_after=3600

# Nobody knows which JVM this capture was in.
remove_abandoned_tools() { # DIRECTORY
  read_namespace
  for path in "$1"/flamepin-jvm-*; do
    [ -d "$path" ] || continue
    name=${path##*/flamepin-jvm-}
    read_stat "${name%%-*}" || :
    [ "$ticks" != "${name#*-}" ] || continue
    if made_here "$path" || is_old "$path" $abandoned_after; then rm -rf "$path" 2>/dev/null; fi
  done
}

# Was it made in our PID namespace? Another user could have put a pipe there, which would block us.
made_here() { # DIRECTORY
  ours "$1" || return 1
  line_of "$1/namespace"
  [ -n "$line" ] && [ "$line" = "$namespace" ]
}

is_old() { # PATH SECONDS
  changed=$(stat -c %Y "$1" 2>/dev/null)
  case $changed in
    '' | *[!0-9]*) return 1 ;;
  esac
  [ $(($(date +%s) - changed)) -gt "$2" ]
}
