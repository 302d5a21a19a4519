# Starting the session.

# Libraries are never unloaded, not even deleted ones: one that is mapped may be at rest. Only the agent itself
# knows, and asking it by the path it was loaded from starts nothing. A Datadog library cannot be asked.
refuse_beside_another_profiler() {
  seen=
  others=
  while IFS= read -r line; do
    path=/${line#*/}
    path=${path% (deleted)}
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
      *libjavaProfiler*) refuse foreign-profiler "$path is loaded" ;;
      *)
        idle "$path" || refuse foreign-profiler "$path says that it is active, or cannot be asked"
        others="$others $path"
        ;;
    esac
  done <<END
$(grep -E 'asyncProfiler|libjavaProfiler' "/proc/$pid/maps" 2>/dev/null)
END
  if [ -n "$others" ]; then say check.profiler "loaded but not active:$others"; else say check.profiler "no other profiler is active"; fi
  case $seen in
    *"$library"*) say warm 1 ;;
    *) say warm 0 ;;
  esac
}

idle() { # LIBRARY: does that agent say that it does nothing?
  case $(bounded 5 ./asprof status --libpath "$1" "$pid" 2>&1 </dev/null) in
    *"is not active"*) return 0 ;;
    *) return 1 ;;
  esac
}

# ctimer: needs no perf_events, which containers seldom have, and no descriptor per thread; the intervals are
# async-profiler's own except lock (its 10 us would record every short wait). Constants are written at the end of a
# chunk: of a JVM that is killed in its window only whole chunks can be read, so there is one each 5 s (the least that
# it keeps to), for about a fifth more bytes.
start_session() {
  say_cpu_stat
  said=$(bounded 20 ./asprof start -e ctimer --wall 50ms --alloc 512k --lock 1ms --chunktime 5s --timeout "$duration" \
    -o jfr -f "$jvm_recording" --libpath "$jvm_library" "$pid" 2>&1 </dev/null)
  code=$?
  # busybox knows no nanoseconds and prints the letter: then it is whole seconds.
  say clock "$(date +%s%N)"
  if [ $code != 0 ]; then
    read_stat "$pid" || refuse target-gone "process $pid ended while the profiler was being started"
    case $code in
      124 | 137 | 143) refuse profiler-failed "the JVM did not answer within 20 s" ;;
    esac
    refuse profiler-failed "asprof ended with $code: $said"
  fi
  started_ticks=$ticks
  read_stat "$pid" || :
  [ "$ticks" = "$started_ticks" ] || refuse target-gone "process $pid was replaced while the profiler was being started"
}

say_started() {
  say recording "$recording_dir/recording.jfr"
  say leftover "$recording_dir"
  if [ $layout != agent ]; then say leftover "$tools"; fi
  [ -z "$placed" ] || say leftover "$placed"
  say started 1
}
