# What the threads of a JVM are called. A name is cut to 15 characters by the kernel, and anybody may choose it.

# The names of its threads, digits as *, and how many have each -> biggest, in words: "; 3,900 of them are pool-7-thread-*".
# At most 50 kinds are told apart.
biggest_thread_group() {
  kinds=0
  known=$newline
  for comm in "/proc/$pid/task"/*/comm; do
    line_of "$comm"
    [ -n "$line" ] || continue
    kind_of "$line"
    case $known in
      *"$newline$kind$newline"*)
        number=${known#*"$newline$kind$newline"}
        number=${number%%"$newline"*}
        eval "count_$number=\$((count_$number + 1))"
        eval "[ \"\$name_$number\" = \"\$name\" ] || name_$number=\$kind"
        ;;
      *)
        [ $kinds -lt 50 ] || continue
        kinds=$((kinds + 1))
        known=$known$kind$newline$kinds$newline
        eval "count_$kinds=1 name_$kinds=\$name"
        ;;
    esac
  done
  most=1
  biggest=
  while [ $kinds -gt 0 ]; do
    eval "count=\$count_$kinds name=\$name_$kinds"
    if [ "$count" -gt $most ]; then
      most=$count
      grouped "$count"
      biggest="; $grouped of them are $name"
    fi
    kinds=$((kinds - 1))
  done
}

# pool-7-thread-12 -> kind pool-*-thread-*, name pool-7-thread-*: a pool that grows, or a new pool each time.
kind_of() {
  rest=$1
  kind=
  while :; do
    case $rest in
      *[0-9]*)
        before=${rest%%[0-9]*}
        rest=${rest#"$before"}
        kind="$kind$before*"
        rest=${rest#"${rest%%[!0-9]*}"}
        ;;
      *) break ;;
    esac
  done
  kind=$kind$rest
  name=${1%"${1##*[!0-9]}"}
  [ "$name" = "$1" ] || name="$name*"
  # The kernel has cut it here.
  if [ ${#1} = 15 ]; then
    kind="${kind%\*}*"
    name="${name%\*}*"
  fi
}

# 4096 -> grouped=4,096
grouped() {
  rest=$1
  grouped=
  while [ ${#rest} -gt 3 ]; do
    head=${rest%???}
    grouped=,${rest#"$head"}$grouped
    rest=$head
  done
  grouped=$rest$grouped
}
