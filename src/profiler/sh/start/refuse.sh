# Refusing: nothing of ours stays, and the reason is said.

layout=shared
drained=
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
  [ -n "$drained" ] || cat >/dev/null
  drained=1
}
