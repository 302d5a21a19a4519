# Which processes are JVMs.

# The one mark of HotSpot that every user may read.
is_jvm() {
  for comm in "/proc/$1/task"/*/comm; do
    line_of "$comm"
    [ "$line" = "VM Thread" ] && return 0
  done
  return 1
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
