#!/bin/sh
set -u
export LC_ALL=C
newline='
'
say() { # KEY VALUE
  rest=$2
  told=
  while :; do
    case $rest in
      *"$newline"*)
        told="$told${rest%%"$newline"*} "
        rest=${rest#*"$newline"}
        ;;
      *) break ;;
    esac
  done
  printf '%s=%.1500s\n' "$1" "$told$rest"
}
strings_of() { tr '\n\000' ' \n' <"$1" 2>/dev/null; }
say_arguments() { # one a line
  shown=0
  IFS=$newline
  set -f
  for argument in $1; do
    shown=$((shown + 1))
    [ $shown -le 150 ] || break
    printf 'arg=%.300s\n' "$argument"
  done
  set +f
  unset IFS
}
line_of() {
  line=
  { IFS= read -r line <"$1"; } 2>/dev/null || :
}
# shellcheck disable=SC2034 # each script reads those that it needs
read_stat() {
  all=
  {
    while IFS= read -r line; do all="$all $line"; done <"/proc/$1/stat"
  } 2>/dev/null || :
  state='' parent='' used=0 ticks='' field=0
  for value in ${all##*") "}; do
    field=$((field + 1))
    case $field in
      1) state=$value ;;
      2) parent=$value ;;
      12 | 13) used=$((used + value)) ;;
      20)
        ticks=$value
        return 0
        ;;
    esac
  done
  return 1
}
# shellcheck disable=SC2154 # pid is the caller's
read_thread() { # NUMBER
  process_ticks=$ticks
  read_stat "$pid/task/$1"
  thread_read=$?
  ticks=$process_ticks
  return $thread_read
}
has_own_files() {
  line_of "/proc/$$/mountinfo"
  own_mount=$line
  line_of "/proc/$1/mountinfo"
  [ -n "$line" ] && [ "$line" != "$own_mount" ]
}
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
find_jvms() {
  candidates=
  for directory in /proc/[0-9]*; do
    if is_jvm "${directory#/proc/}"; then candidates="$candidates ${directory#/proc/}"; fi
  done
  line_of "/proc/$$/mountinfo"
  own_mount=$line
  own=
  for pid in $candidates; do
    line_of "/proc/$pid/mountinfo"
    [ "$line" != "$own_mount" ] || own="$own $pid"
  done
  if [ -n "$own" ] || [ ! -x /opt/flamepin/asprof ]; then candidates=$own; fi
}
find_jvms
count=0
for pid in $candidates; do
  read_stat "$pid" || continue
  count=$((count + 1))
  say jvm "$pid"
  say_arguments "$(strings_of "/proc/$pid/cmdline")"
done
say listed "$count"
