# Which JVM.

# The candidates that are JVMs -> pid, choice (the reason, when there were several).
choose_jvm() {
  find_candidates
  count=0
  for pid in $candidates; do count=$((count + 1)); done
  [ $count != 0 ] || refuse_nothing_to_profile
  pid=${candidates# }
  choice=
  [ $count = 1 ] || choose_busiest
}

find_candidates() {
  if [ "$asked" = any ]; then
    find_jvms
    return
  fi
  candidates=
  waiting=$asked,
  while [ -n "$waiting" ]; do
    pid=${waiting%%,*}
    waiting=${waiting#*,}
    if is_jvm "$pid"; then candidates="$candidates $pid"; fi
  done
}

refuse_nothing_to_profile() {
  case $asked in
    any)
      look_for_starting_jvms
      refuse not-a-jvm "no process here has a VM thread$called_java"
      ;;
    *,*) refuse target-gone "none of the processes $asked is a JVM any more" ;;
  esac
  if [ -d "/proc/$asked" ]; then
    called_java=
    refuse_when_starting "$asked"
    refuse_other_java "$asked"
    refuse not-a-jvm "process $asked has no VM thread$called_java"
  fi
  refuse target-gone "there is no process $asked"
}

look_for_starting_jvms() {
  called_java=
  for directory in /proc/[0-9]*; do
    if has_own_files "${directory#/proc/}"; then continue; fi
    line_of "$directory/comm"
    [ "$line" != java ] || refuse_when_starting "${directory#/proc/}"
    refuse_other_java "${directory#/proc/}"
  done
}

# The collector's threads come before the VM thread: with -XX:+AlwaysPreTouch, the whole heap is written in between.
refuse_when_starting() { # PID -> called_java, a hint, when nothing is certain
  for comm in "/proc/$1/task"/*/comm; do
    line_of "$comm"
    case $line in
      "GC Thread#"*) refuse jvm-starting "process $1 has garbage collector threads but no VM thread yet" ;;
      java) called_java="; process $1 is named java: it may still be starting, or may not be HotSpot" ;;
    esac
  done
}

# Totals say who was busy since its start; the difference over a second says who is busy now.
choose_busiest() {
  # It takes a process to wait.
  pid=
  read_cgroups "$$"
  find_cgroups own "$$"
  look_at_group_threads "the control group of this shell"
  before=
  for pid in $candidates; do
    read_stat "$pid" || continue
    before="$before $pid:$used"
  done
  sleep 1
  pid='' most=-1 next=-1
  for entry in $before; do
    read_stat "${entry%%:*}" || continue
    spent=$((used - ${entry#*:}))
    if [ $spent -gt $most ]; then
      next=$most most=$spent pid=${entry%%:*}
    elif [ $spent -gt $next ]; then
      next=$spent
    fi
  done
  [ -n "$pid" ] || refuse target-gone "all $count JVMs have ended"
  [ $next -ge 0 ] || next=0
  choice="busiest of $count JVMs over one second: process $pid used ${most} hundredths of a CPU second, the next one ${next}"
}
