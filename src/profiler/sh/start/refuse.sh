# Refusing: our files are removed, and the reason is printed.

layout=shared
drained=
no_fork=
recording_dir=
tools=
placed=
shared_with=

refuse() { # CODE DETAIL
  remove_ours
  drain
  say detail "$2"
  say refused "$1"
  exit 0
}

# Everything that tells our files from those of others needs these. posh has neither.
# shellcheck disable=SC2319 # the code of the condition is what is asked for
refuse_poor_shell() {
  known=0
  { test -O / || known=$?; } 2>/dev/null
  [ "$known" -le 1 ] || refuse shell-unsupported "its test has no -O"
  { test -k / || known=$?; } 2>/dev/null
  [ "$known" -le 1 ] || refuse shell-unsupported "its test has no -k"
}

remove_ours() {
  [ -z "$recording_dir" ] || rm -rf "$recording_dir"
  # A directory that was there before may belong to a session that is running.
  [ -z "$shared_with" ] || return 0
  [ -z "$placed" ] || rm -rf "$placed"
  [ -z "$tools" ] || [ "$tools" = /opt/flamepin ] || [ "$layout" = agent ] || rm -rf "$tools"
}

# Where nothing of the payload is used it is read all the same: it arrives whole only from a flamepin that still waits.
drain_payload() {
  drained=1
  check_sum "$(sha256sum)"
}

check_sum() { # what sha256sum printed
  [ "${1%% *}" = "$sha256" ] || refuse payload-rejected "SHA-256 ${1%% *}, expected $sha256"
}

# Status and output of an exec get stuck when it ends before its stdin was read: read the rest.
drain() {
  if [ -z "$drained" ]; then
    if [ -n "$no_fork" ]; then
      # Where no process can be started: slow, a system call for each byte, but it ends.
      while read -r _; do :; done
    else
      cat >/dev/null
    fi
  fi
  drained=1
}
