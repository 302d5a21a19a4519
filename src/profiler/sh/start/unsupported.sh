# What runs Java and is not HotSpot of JDK 8 or later: it is refused by its name, and not as if nothing were there.

# A process that is no HotSpot. OpenJ9 is known by its library; a native image of GraalVM by its threads: it keeps the
# end of a name that the kernel has no room for, where HotSpot keeps the beginning.
refuse_other_java() { # PID
  for comm in "/proc/$1/task"/*/comm; do
    line_of "$comm"
    [ "$line" != "ference Handler" ] ||
      refuse jvm-unsupported "process $1 is a native image of GraalVM: there is no JVM in it"
  done
  line_of "/proc/$1/comm"
  case $line in
    java | main)
      if has_mapped "$1" libj9vm; then refuse jvm-unsupported "process $1 runs OpenJ9: ${mapped_file##*/} is mapped"; fi
      ;;
  esac
}

# The file `release` of a JDK or JRE, some levels above its libjvm.so: lib/server, jre/lib/amd64/server.
refuse_older_than_8() {
  library_of_jvm=$(grep -m 1 -o '/.*/libjvm\.so' "/proc/$pid/maps" 2>/dev/null)
  home=$library_of_jvm
  [ $layout = shared ] || home=$root$home
  level=0
  while [ -n "$library_of_jvm" ] && [ $level -lt 5 ]; do
    level=$((level + 1))
    home=${home%/*}
    if [ -f "$home/release" ] && [ -r "$home/release" ]; then
      version=$(bounded 2 head -c 4096 "$home/release" 2>/dev/null </dev/null | grep '^JAVA_VERSION=' && :)
      case $version in
        'JAVA_VERSION="1.'[1-7].*) refuse jvm-unsupported "process $pid runs JDK ${version#JAVA_VERSION=}" ;;
      esac
      return 0
    fi
  done
}
