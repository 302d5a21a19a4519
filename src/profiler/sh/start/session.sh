# Starting the session.

# Asks something that changes nothing before anything is asked that does: a request that the JVM has not read when we
# give up stays in its queue, and runs when a heap dump ends, minutes later. 2 ms where the JVM was asked before. Its
# flags as it has them, wherever they came from.
refuse_unless_answering() {
  wait_for_vm_thread
  watch_threads
  note_cpu
  ask_jvm 10 VM.flags || refuse_another_jvm
  watch_threads
  case $said in
    *-XX:-EnableDynamicAgentLoading*) refuse attach-disabled "-XX:-EnableDynamicAgentLoading" ;;
    *"JVM response code"*) return 0 ;;
  esac
  read_stat "$pid" || refuse target-gone "process $pid has ended"
  refuse_answer $code 10
}

refuse_another_jvm() {
  refuse another-jvm-answers "a request to process $pid was answered, but not by it: its /tmp/.java_pid is the socket of another JVM"
}

refuse_answer() { # CODE of asprof, SECONDS that it had
  if [ "$1" = 137 ]; then
    # Where the JVM is asked to open its socket; an asprof that is killed may leave it.
    rm -f "$jvm_tmp/.attach_pid$own_number" "/proc/$pid/cwd/.attach_pid$own_number" 2>/dev/null
    refuse_silence "$2"
  fi
  # It has waited 6 s for the socket.
  if [ "$1" = 1 ]; then
    read_uptime
    [ $((uptime - asked_at)) -lt 5 ] || refuse_silence $((uptime - asked_at))
  fi
  refuse profiler-failed "asprof ended with $1: $said"
}

# Libraries are never unloaded, not even deleted ones: one that is mapped may be at rest. Only the agent itself
# knows, and asking it by the path it was loaded from starts nothing. A Datadog library cannot be asked.
refuse_beside_another_profiler() {
  seen=
  others=
  mapped=$(grep -E 'asyncProfiler|libjavaProfiler' "/proc/$pid/maps" 2>/dev/null)
  # No here-document: shells keep it in a file of /tmp, which may be full.
  IFS=$newline
  set -f
  # shellcheck disable=SC2086 # lines
  set -- $mapped
  set +f
  unset IFS
  for line; do
    path=/${line#*/}
    path=${path%" (deleted)"}
    case $line in
      */*) ;;
      *) continue ;;
    esac
    case $newline$seen in
      *"$newline$path$newline"*) continue ;;
    esac
    seen=$seen$path$newline
    case $path in
      "$jvm_library" | "$library")
        if ! idle "$jvm_library"; then
          refuse profiler-conflict "a session of flamepin is running in process $pid"
        fi
        ;;
      */flamepin-jvm-*/libasyncProfiler.so)
        # An earlier one of ours, in another place. Where its file is gone, musl asks another library by its path.
        if ! idle "$path" && ! records_nothing; then
          refuse profiler-conflict "a session of flamepin is running in process $pid"
        fi
        others="$others $path"
        ;;
      *libjavaProfiler*) refuse foreign-profiler "$path is loaded" ;;
      *)
        idle "$path" || refuse foreign-profiler "$path is active, or does not say"
        others="$others $path"
        ;;
    esac
  done
  if [ -n "$others" ]; then say check.profiler "loaded but not active:$others"; else say check.profiler "no other profiler is active"; fi
  case $seen in
    *"$library"*) say warm 1 ;;
    *) say warm 0 ;;
  esac
}

# Has the JVM no recording of ours open? A session has, from its first moment to its last.
records_nothing() {
  [ -r "/proc/$pid/fd" ] || return 1
  # shellcheck disable=SC2010
  ! ls -l "/proc/$pid/fd" 2>/dev/null | grep -q '/flamepin-c-[0-9a-z.]*/recording\.jfr'
}

idle() { # LIBRARY: does that agent say that it does nothing?
  note_cpu
  said=$(bounded 5 ./asprof status --libpath "$1" "$pid" 2>&1 </dev/null)
  [ $? != 137 ] || refuse_answer 137 5
  case $said in
    *"is not active"*) return 0 ;;
    *) return 1 ;;
  esac
}

# ctimer: needs no perf_events, which containers seldom have, and no descriptor per thread; the intervals are
# async-profiler's own except lock (its 10 us would record every short wait). Constants are written at the end of a
# chunk: of a JVM that is killed in its window only whole chunks can be read, so there is one each 5 s (the least that
# it keeps to), for about a fifth more bytes. `asprof load` and not `asprof start`: the log is where we say.
start_session() {
  say_cpu_stat
  refuse_if_given_up
  note_cpu
  start_with_what_can_be_had
  # busybox knows no nanoseconds and prints the letter: then it is whole seconds.
  say clock "$(date +%s%N)"
  if [ $code != 0 ]; then
    revoke
    read_stat "$pid" || refuse target-gone "process $pid ended while the profiler was being started"
    refuse_answer $code 20
  fi
  if ! answered_by_it; then
    revoke
    refuse_another_jvm
  fi
  if [ -n "$revoked" ]; then
    revoke
    refuse interrupted "flamepin has given up on this start"
  fi
  started_ticks=$ticks
  read_stat "$pid" || :
  [ "$ticks" = "$started_ticks" ] || refuse target-gone "process $pid was replaced while the profiler was being started"
}

# Seconds that starting may take.
load_within=20

# One event that cannot be had fails a start as a whole, with 200. No code says which one it was, so the next attempt
# does without: cpu by itimer where a PID namespace has no CPU timers; no alloc where a JVM of JDK 8 has no symbols; no
# lock. An attempt takes some milliseconds, as the agent is loaded and answers; all of them end within load_within.
start_with_what_can_be_had() {
  said_first=
  choose_engine
  ladder='ctimer:alloc:lock itimer:alloc:lock ctimer::lock ctimer:alloc: itimer::lock itimer::'
  [ -z "$engine_reason" ] || ladder='itimer:alloc:lock itimer::lock itimer:alloc: itimer::'
  for events in $ladder; do
    if [ -z "$said_first" ]; then
      try_events "$events" $load_within
      said_first=$said
    else
      read_uptime
      if [ -n "$revoked" ] || [ $((uptime - asked_at)) -ge 10 ]; then break; fi
      try_events "$events" 5
    fi
    # Of ctimer and alloc it names the first alone.
    [ "$events" != itimer:alloc:lock ] || said_of_itimer=$said
    [ $code = 200 ] || break
  done
  case $code in
    0) say_events "$events" ;;
    # It was not the events.
    200) said=$said_first ;;
  esac
}

# -> code, 200 when the agent refused; said, its words
try_events() { # ENGINE:ALLOC:LOCK SECONDS
  options=event=${1%%:*},wall=50ms
  case $1 in
    itimer:*)
      itimer_interval
      options=$options,interval=${interval}ms
      ;;
  esac
  case $1 in *:alloc:*) options=$options,alloc=512k ;; esac
  case $1 in *:lock) options=$options,lock=1ms ;; esac
  note_runs
  said=$(bounded "$2" ./asprof load "$pid" "$jvm_library" true \
    "start,$options,chunktime=5s,timeout=$duration,jfr,file=$jvm_recording,log=$jvm_log" \
    2>&1 </dev/null)
  code=$?
  # An asprof whose child was killed ends with 0. JDK 8 answers with the number alone.
  case $said in
    *"return code: 0"* | *"response code = 0$newline"0) ;;
    *) [ $code != 0 ] || code=137 ;;
  esac
  [ $code != 0 ] || return 0
  # The words of the agent say more than those of asprof.
  reason=$(head -n 3 "$log" 2>/dev/null)
  said=${reason:-$said}
}

# What is not recorded, and why, in the agent's words.
say_events() { # ENGINE:ALLOC:LOCK
  why=$said_first
  case $1 in
    itimer:*)
      if [ -n "$engine_reason" ]; then
        say check.events "cpu by itimer: $engine_reason"
      else
        say check.events "cpu by itimer; by ctimer: ${said_first##*"[ERROR] "}"
      fi
      why=$said_of_itimer
      ;;
  esac
  case $1 in
    *:alloc:*) ;;
    *) say missing.alloc "${why##*"[ERROR] "}" ;;
  esac
  case $1 in
    *:lock) ;;
    *) say missing.lock "${why##*"[ERROR] "}" ;;
  esac
}

# What was asked may still be in the JVM's queue. Without its directory the recording cannot be opened, and then no
# session begins; the directory is renamed and not removed, because that either comes before the JVM opens the file or
# after it, with nothing between. After it, a session runs, and is ended.
revoke() {
  # A signal would cut the waits in here short, and there is nothing more to give up.
  trap '' TERM
  # clean-up.sh, which ends this start, may have killed one; it kills nothing once the new name is there.
  tries=0
  until mv "$recording_dir" "$recording_dir.revoked" 2>/dev/null; do
    tries=$((tries + 1))
    if [ ! -d "$recording_dir" ] || [ $tries -ge 10 ]; then return 0; fi
  done
  recording_dir=$recording_dir.revoked
  if [ -e "$recording_dir/recording.jfr" ]; then
    bounded 5 ./asprof stop --libpath "$jvm_library" "$pid" >/dev/null 2>&1 </dev/null
  fi
}

say_started() {
  say recording "$recording_dir/recording.jfr"
  say leftover "$recording_dir"
  if [ $layout != agent ]; then say leftover "$tools"; fi
  [ -z "$placed" ] || say leftover "$placed"
  say started 1
}
