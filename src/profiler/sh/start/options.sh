# Options of the JVM that forbid attaching, wherever they stand: the command line, the environment, and the files that
# either of them names. A JVM that is asked all the same prints a thread dump into its own output, and never answers.

# Files that are read, and bytes of each; the launcher's own files seldom have more than a screen of lines.
most_option_files=8
most_option_bytes=65536

look_at_attaching() {
  attach='' dynamic=''
  flags_file='' option_files=0 unread=''
  read_environment
  # The order in which HotSpot and the launcher read them; the last one counts.
  read_options "$tool_options"
  read_options "$launcher_options"
  read_options "$command_line"
  read_options "$late_options"
  [ -z "$flags_file" ] || read_flags_file
  [ "$attach" != off ] || refuse attach-disabled "-XX:+DisableAttachMechanism"
  [ "$dynamic" != off ] || refuse attach-disabled "-XX:-EnableDynamicAgentLoading"
  say check.attach "not switched off$unread"
}

# -> tool_options, launcher_options, late_options: one a line
read_environment() {
  tool_options='' launcher_options='' late_options=''
  environment=$(strings_of "/proc/$pid/environ") || unread="; its environment cannot be read"
  IFS=$newline
  set -f
  for line in $environment; do
    case $line in
      JAVA_TOOL_OPTIONS=*) tool_options=${line#*=} ;;
      JDK_JAVA_OPTIONS=*) launcher_options=${line#*=} ;;
      _JAVA_OPTIONS=*) late_options=${line#*=} ;;
    esac
  done
  unset IFS
  # Cut at blanks: quotes there matter to other options only.
  # shellcheck disable=SC2086 # words
  tool_options=$(printf '%s\n' $tool_options)
  # shellcheck disable=SC2086 # words
  launcher_options=$(printf '%s\n' $launcher_options)
  # shellcheck disable=SC2086 # words
  late_options=$(printf '%s\n' $late_options)
  set +f
}

read_options() { # one a line
  IFS=$newline
  set -f
  # shellcheck disable=SC2086 # lines
  set -- $1
  set +f
  unset IFS
  for option; do
    case $option in
      @@* | @) ;;
      @*) read_option_file "${option#@}" ;;
      -XX:VMOptionsFile=?*) read_option_file "${option#*=}" ;;
      -XX:Flags=?*) flags_file=${option#*=} ;;
      -XX:+ReadVMOptionsFile) flags_file=.hotspotrc ;;
      *) read_option "$option" ;;
    esac
  done
}

read_option() {
  case $1 in
    -XX:+DisableAttachMechanism) attach=off ;;
    -XX:-DisableAttachMechanism) attach=on ;;
    -XX:-EnableDynamicAgentLoading) dynamic=off ;;
    -XX:+EnableDynamicAgentLoading) dynamic=on ;;
  esac
}

# A file of arguments of the launcher, or of options of the JVM: neither may name another one of its kind.
read_option_file() { # PATH as the JVM has it
  words_of_file "$1" || return 0
  set -f
  for word in $words; do
    case $word in
      -XX:VMOptionsFile=?*)
        words_of_file "${word#*=}" || continue
        for inner in $words; do read_option "$inner"; done
        ;;
      -XX:Flags=?*) flags_file=${word#*=} ;;
      *) read_option "$word" ;;
    esac
  done
  set +f
}

# Read before all others, so that each of them beats it. Its options have no -XX: in front.
read_flags_file() {
  words_of_file "$flags_file" || return 0
  told_attach=$attach told_dynamic=$dynamic
  set -f
  for word in $words; do read_option "-XX:$word"; done
  set +f
  attach=${told_attach:-$attach} dynamic=${told_dynamic:-$dynamic}
}

# The words of a file that decide -> words, one a line. Bounded: its user may have put anything there since.
words_of_file() { # PATH as the JVM has it
  words=
  case $1 in
    /*) path=$1 ;;
    *) path=/proc/$pid/cwd/$1 ;;
  esac
  case $layout:$path in
    shared:* | *:/proc/"$pid"/*) ;;
    *) path=$root$path ;;
  esac
  option_files=$((option_files + 1))
  if [ $option_files -gt $most_option_files ] || [ ! -f "$path" ] || [ ! -r "$path" ]; then
    unread="; a file of its options cannot be read"
    return 1
  fi
  words=$(bounded 2 head -c $most_option_bytes "$path" 2>/dev/null </dev/null |
    sed -e 's/^[[:blank:]]*#.*//' -e 's/[[:blank:]]#.*//' | tr -s ' \t\r\f"'\' '\n' |
    grep -E '^(-XX:)?([+-](DisableAttachMechanism|EnableDynamicAgentLoading)|(VMOptionsFile|Flags)=.+)$' | head -n 50 && :)
}
