# Which JVM.

# The candidates that are JVMs → pid, choice (the reason, when there were several).
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
    any) refuse not-a-jvm "no process here has a VM thread" ;;
    *,*) refuse target-gone "none of the processes $asked is a JVM any more" ;;
  esac
  if [ -d "/proc/$asked" ]; then refuse not-a-jvm "process $asked has no VM thread"; fi
  refuse target-gone "there is no process $asked"
}

# Totals say who was busy since its start; the difference over a second says who is busy now.
choose_busiest() {
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
  [ -n "$pid" ] || refuse target-gone "all of the $count JVMs went away"
  [ $next -ge 0 ] || next=0
  choice="busiest of $count JVMs over one second: process $pid used ${most} hundredths of a CPU second, the next one ${next}"
}
