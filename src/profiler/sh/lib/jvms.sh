# Which processes are JVMs.

# HotSpot's VM thread has a name that every user may read. Older builds of JDK 8 (8u212) name no thread; they are known
# by their library. A JVM that is starting has that too, and threads with names before its VM thread.
is_jvm() { # PID
  nameless=0
  for comm in "/proc/$1/task"/*/comm; do
    line_of "$comm"
    case $line in
      "VM Thread") return 0 ;;
      "GC Thread#"* | "G1 "* | "ZWorker"* | "ZDriver"* | "XWorker"* | "XDriver"* | "Shenandoah"*) nameless=-10000 ;;
    esac
    nameless=$((nameless + 1))
  done
  [ $nameless -ge 8 ] && has_mapped "$1" libjvm.so
}

# Has a process mapped a file whose name begins so? By builtins, as it is not known yet whether there is room for a
# process. No where its maps may not be read.
has_mapped() { # PID NAME
  mapped_file=
  {
    while IFS= read -r line; do
      case $line in
        */"$2"*)
          mapped_file=/${line#*/}
          break
          ;;
      esac
    done <"/proc/$1/maps"
  } 2>/dev/null || :
  [ -n "$mapped_file" ]
}

# The JVMs of this container -> candidates, each with a blank before it.
find_jvms() {
  candidates=
  for directory in /proc/[0-9]*; do
    if is_jvm "${directory#/proc/}"; then candidates="$candidates ${directory#/proc/}"; fi
  done
  # With shareProcessNamespace the JVMs of all containers are in sight; those of this one have its mounts. Only an
  # agent beside the JVM, whose image holds asprof, shares nobody's, and cannot tell them apart.
  line_of "/proc/$$/mountinfo"
  own_mount=$line
  own=
  for pid in $candidates; do
    line_of "/proc/$pid/mountinfo"
    [ "$line" != "$own_mount" ] || own="$own $pid"
  done
  if [ -n "$own" ] || [ ! -x /opt/flamepin/asprof ]; then candidates=$own; fi
}
