# Unpacking: only files of our own in directories of our own, new ones, never over a loaded library. The tools are
# written and run from inside their directory: its path can be given to another one meanwhile, where we are cannot.

# The payload from stdin, or what is here already -> tools, where asprof runs (we are in there); base; library.
unpack() {
  base=/tmp
  blocked=
  full=
  use_image
  refuse_started_before
  [ -n "$tools" ] || find_place_for_tools
  library=$tools/libasyncProfiler.so
  recording_dir=$base/flamepin-$id
  jvm_library=$library
  jvm_recording=$recording_dir/recording.jfr
  log=$tools/asprof.log
  jvm_log=$log
  case $layout in
    agent)
      jvm_library=/proc/$$/root$library
      jvm_recording=/proc/$$/root$jvm_recording
      # The tools may be part of the image.
      log=$recording_dir/asprof.log
      jvm_log=/proc/$$/root$log
      ;;
    through) place_library ;;
  esac
  make_recording_directory
  make_log
  say check.tmp "$base is writable and allows execution"
}

# The agent's image holds the files.
use_image() {
  [ $layout = agent ] || return 0
  if [ -f /opt/flamepin/libasyncProfiler.so ] && [ -x /opt/flamepin/asprof ] && cd /opt/flamepin; then
    tools=/opt/flamepin
    drain_payload
    find_places ''
    for base in $places; do
      if has_room "$base" $recording_room; then return 0; fi
    done
    [ -z "$full" ] || refuse tmp-full "${blocked#; }"
  fi
}

refuse_started_before() {
  for there in /tmp /var/tmp /dev/shm; do
    for taken in "$there/flamepin-$id" "$view$there/flamepin-$id"; do
      if [ -d "$taken" ]; then refuse profiler-conflict "$taken already exists: this capture was started before"; fi
    done
  done
}

# Where our files may go below ROOT -> places. Without the sticky bit (the emptyDir of a pod) any user may
# replace what another one has there, so such directories come last.
find_places() {
  places=
  loose=
  for place in /tmp /var/tmp /dev/shm; do
    [ -d "$1$place" ] || continue
    if [ -k "$1$place" ]; then places="$places $place"; else loose="$loose $place"; fi
  done
  places="$places$loose"
}

# The first place that is writable and allows execution.
find_place_for_tools() {
  payload=
  runs=
  find_places ''
  for base in $places; do
    mine=$base/flamepin-jvm-$pid-$ticks
    if use_kept_tools; then return 0; fi
    has_room "$base" $((tools_room + recording_room)) || continue
    make_tools_directory || continue
    receive_payload
    if ./asprof --version >/dev/null 2>&1; then
      runs=1
      rm -f payload
      break
    fi
    blocked="$blocked; $base does not allow execution"
  done
  if [ -n "$full" ] && [ -z "$runs" ]; then refuse tmp-full "${blocked#; }"; fi
  if [ -z "$tools" ]; then refuse tmp-not-writable "${blocked#; }"; fi
  [ -n "$runs" ] || refuse tmp-noexec "${blocked#; }"
  base=${tools%/*}
}

# An agent keeps the library: the same file again is the same library to the JVM, another one is a second agent.
use_kept_tools() {
  [ $layout = agent ] && own_directory "$mine" && cd "$mine" && own_directory . && [ -f libasyncProfiler.so ] || return
  sum=$(cat asprof libasyncProfiler.so | sha256sum && :)
  [ "${sum%% *}" = "$sha256" ] || return
  tools=$mine
  drain_payload
  has_room "$base" $recording_room || refuse tmp-full "${blocked#; }"
}

own_directory() { ours "$1" && [ -d "$1" ]; }

# Goes into a new directory `mine`; fails, with the reason in `blocked`, where that is impossible.
make_tools_directory() {
  if [ -e "$mine" ] || [ -L "$mine" ]; then
    if own_directory "$mine"; then shared_with=$mine; fi
    rm -rf "$mine" 2>/dev/null
  fi
  if { mkdir -m 755 "$mine" && cd "$mine" && own_directory .; } 2>/dev/null; then
    note_namespace . && return 0
    rm -rf "$mine"
  fi
  # What another user has put there in advance cannot be removed: then it is not used.
  if [ -e "$mine" ] || [ -L "$mine" ]; then
    blocked="$blocked; $mine already exists and belongs to another user"
  else
    blocked="$blocked; $base is not writable"
  fi
  return 1
}

# For clean-up.sh, which must not take a process of another container for one that has ended.
note_namespace() { # DIRECTORY, a new one of ours
  read_namespace
  printf '%s\n' "$namespace" 2>/dev/null >"$1/namespace"
}

# asprof and the library into the directory where we are.
receive_payload() {
  if [ -z "$payload" ]; then
    # Read once into one file: two readers on one pipe lose bytes (busybox head reads ahead).
    head -c 16777216 >payload 2>/dev/null || {
      rm -rf "$mine"
      refuse tmp-not-writable "writing to $base failed: no space?"
    }
  else
    mv "$payload" payload 2>/dev/null || {
      rm -rf "$mine"
      refuse tmp-not-writable "writing to $base failed: no space?"
    }
    rm -rf "$tools"
  fi
  tools=$mine
  payload=$mine/payload
  # Also after it was moved: the place it came from may be one where others can replace it.
  drained=1
  check_sum "$(sha256sum payload)"
  if ! { head -c "$asprof_bytes" payload >asprof && tail -c "+$((asprof_bytes + 1))" payload >libasyncProfiler.so; } 2>/dev/null; then
    refuse tmp-not-writable "writing to $base failed: no space?"
  fi
  chmod 755 asprof libasyncProfiler.so
}

# Only the library goes into the JVM's file system: what root runs stays in root's own.
place_library() {
  base=
  : >"seen-$$"
  find_places "$root"
  for there in $places; do
    [ ! -L "$root$there" ] || continue
    placed=$root$there/flamepin-jvm-$pid-$ticks
    # Mount namespaces apart, but the same files (systemd's ProtectSystem without PrivateTmp): it already exists.
    if [ -e "$placed/seen-$$" ]; then
      base=$there
      break
    fi
    rm -rf "$placed"
    has_room "$root$there" $((tools_room + recording_room)) || continue
    mkdir -m 755 "$placed" 2>/dev/null || continue
    if grep -q " $there [^ ]*noexec" "/proc/$pid/mountinfo"; then
      blocked="$blocked; $there of the JVM does not allow execution"
      rm -rf "$placed"
      continue
    fi
    base=$there
    break
  done
  recording_dir=
  if [ -n "$full" ] && [ -z "$base" ]; then refuse tmp-full "${blocked#; }"; fi
  [ -n "$base" ] || refuse tmp-noexec "${blocked#; }"
  if [ ! -e "$placed/seen-$$" ]; then
    note_namespace "$placed" || refuse tmp-not-writable "writing to $base of the JVM failed: no space?"
    set -C
    cat libasyncProfiler.so >"$placed/libasyncProfiler.so" || refuse tmp-not-writable "writing to $base of the JVM failed: no space?"
    set +C
    chmod 755 "$placed/libasyncProfiler.so"
  fi
  rm -f "seen-$$"
  recording_dir=$root$base/flamepin-$id
  jvm_library=$base/flamepin-jvm-$pid-$ticks/libasyncProfiler.so
  jvm_recording=$base/flamepin-$id/recording.jfr
  log=$placed/asprof.log
  jvm_log=$base/flamepin-jvm-$pid-$ticks/asprof.log
}

make_recording_directory() {
  if ! mkdir -m 700 "$recording_dir" 2>/dev/null; then
    taken=$recording_dir
    recording_dir=
    refuse tmp-not-writable "$taken could not be created"
  fi
  give_to_jvm "$recording_dir"
}

# The agent says there why it did not start. In a directory that only we write to: nobody else can put a link there,
# and once it is removed the agent cannot make the file again, as it would asprof's own in /tmp.
make_log() {
  : >"$log"
  give_to_jvm "$log"
}

give_to_jvm() {
  if [ "$own_uid:$own_gid" != "$uid:$gid" ]; then
    chown -h "$uid:$gid" "$1" || refuse other-user "$1 could not be handed over to $uid:$gid"
  fi
}
