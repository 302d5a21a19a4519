#!/bin/sh
# Runs inside the target as `sh -c TEXT flamepin ...`: finds the JVM, looks before it touches, unpacks the profiler
# from stdin and starts it with a timeout that the agent in the JVM keeps by itself. Everything is bounded here,
# because whoever called may be gone.
#
# The text is constant (script.ts joins it with its parts) and every parameter matches a strict pattern, so that an
# admission policy can pin both; the payload's hash is one of them, so nothing but that payload is unpacked or run.
#   $1 capture id              $2 seconds                 $3 candidates: `any`, or pids joined by commas
#   $4 architecture            $5 bytes of asprof, which the payload begins with; the library is the rest
#   $6 SHA-256 of the payload, hexadecimal
# Prints key=value lines: `refused` is a code of reasons.ts, with `detail`; the last line of a success is `started=1`.
# Exit code 0 whenever the lines are complete.
#
# busybox ash, dash and bash. Builtins wherever they do: a fork costs a millisecond, more on a loaded node.
set -u
umask 077
export LC_ALL=C

id=$1 duration=$2 asked=$3 architecture=$4 asprof_bytes=$5 sha256=$6

. ./lib/say.sh
. ./lib/arguments.sh
. ./lib/proc.sh
. ./lib/jvms.sh
. ./lib/cgroup.sh
. ./lib/tools.sh
. ./lib/bounded.sh
. ./lib/limits.sh
. ./lib/namespace.sh
. ./lib/ask.sh
. ./start/refuse.sh
. ./start/given-up.sh
. ./start/choose.sh
. ./start/unsupported.sh
. ./start/look.sh
. ./start/options.sh
. ./start/frozen.sh
. ./start/threads.sh
. ./start/user-threads.sh
. ./start/thread-names.sh
. ./start/descriptors.sh
. ./start/memory.sh
. ./start/space.sh
. ./start/unpack.sh
. ./start/silence.sh
. ./start/engine.sh
. ./start/session.sh

main() {
  note_begin
  # The payload is sent once this is out: where there is no shell to say it, nothing is.
  say asks stdin
  case $id$duration$asked$asprof_bytes$sha256 in
    *[!0-9a-z,-]*) refuse internal-error "a parameter does not match its pattern" ;;
  esac
  refuse_poor_shell
  choose_jvm
  look_before_touching
  watch_threads
  unpack
  refuse_unless_answering
  refuse_beside_another_profiler
  start_session
  say_started
}

main
