# A JVM that does not answer, and what /proc shows of the reason. Nothing else is claimed.

# Its VM thread is busy while all other threads wait for it: a heap dump, a thread dump, a collection. Until that
# is over nobody answers, and a JVM that was asked prints a thread dump then. The pauses of a serial collector look the
# same for a moment; so it is given 5 s.
wait_for_vm_thread() {
  find_vm_thread
  looks=0
  used_before=
  while read_thread "$vm_thread"; do
    case $state in
      T | t) refuse target-stopped "its VM thread is in state $state" ;;
      R | D) ;;
      *) return 0 ;;
    esac
    [ -n "$used_before" ] || used_before=$used
    looks=$((looks + 1))
    if [ $looks -ge 25 ]; then
      seconds_of $((used - used_before))
      refuse jvm-busy "its VM thread was busy in all 25 checks over 5 s and used $seconds_of s of CPU"
    fi
    sleep 0.2 2>/dev/null || sleep 1
  done
}

find_vm_thread() { # -> vm_thread, its number
  vm_thread=none
  for task in "/proc/$pid/task"/*; do
    line_of "$task/comm"
    if [ "$line" = "VM Thread" ]; then
      vm_thread=${task##*/}
      break
    fi
  done
}

# Before the JVM is asked -> asked_at, process_used, vm_used.
note_cpu() {
  read_uptime
  asked_at=$uptime
  read_used
}

read_used() {
  read_thread "$vm_thread" || used=0
  vm_used=$used
  read_stat "$pid" || used=0
  process_used=$used
}

# Whole seconds since the machine has started -> uptime.
read_uptime() {
  line_of /proc/uptime
  uptime=${line%%.*}
}

# After it was asked and did not answer.
refuse_silence() { # SECONDS that it had
  refuse_when_frozen
  process_before=$process_used vm_before=$vm_used
  read_used
  vm=$((vm_used - vm_before))
  others=$((process_used - process_before - vm))
  [ $others -ge 0 ] || others=0
  look_at_states
  [ "$stopped" = 0 ] || refuse target-stopped "$stopped of its $all_threads threads are stopped"
  seconds_of $vm
  told="no answer within $1 s; meanwhile its VM thread used $seconds_of s of CPU"
  seconds_of $others
  told="$told and its other threads $seconds_of s"
  measure_collector
  seconds_of "$collector"
  told="$told; over the next second its garbage collector used $seconds_of s; $all_threads threads, $running running, $uninterruptible in state D"
  # Busy for half of the time, in hundredths of a second, it holds up the others.
  if [ $vm -ge $(($1 * 50)) ] || [ "$collector" -ge 50 ]; then refuse jvm-busy "$told"; fi
  refuse jvm-silent "$told"
}

# -> all_threads, stopped, running, uninterruptible; collectors, the threads of the garbage collector.
look_at_states() {
  all_threads=0 stopped=0 running=0 uninterruptible=0
  collectors=
  for task in "/proc/$pid/task"/*; do
    read_thread "${task##*/}" || continue
    all_threads=$((all_threads + 1))
    case $state in
      T | t) stopped=$((stopped + 1)) ;;
      R) running=$((running + 1)) ;;
      D) uninterruptible=$((uninterruptible + 1)) ;;
    esac
    line_of "$task/comm"
    case $line in
      "GC Thread"* | "G1 "* | "ParGC"* | "Gang worker"* | "ZWorker"* | "XWorker"* | "Shenandoah"*)
        collectors="$collectors ${task##*/}"
        ;;
    esac
  done
}

# -> collector: hundredths of a second of CPU that its threads used within one second.
measure_collector() {
  collector_used
  collector=$collected
  sleep 1
  collector_used
  collector=$((collected - collector))
  [ $collector -ge 0 ] || collector=0
}

collector_used() {
  collected=0
  for task in $collectors; do
    if read_thread "$task"; then collected=$((collected + used)); fi
  done
}

# Clock ticks, which /proc counts in hundredths of a second -> seconds_of, 1.25
seconds_of() {
  hundredths=$(($1 % 100))
  [ $hundredths -ge 10 ] || hundredths=0$hundredths
  seconds_of=$(($1 / 100)).$hundredths
}
