# A container without CPU may run us long after flamepin gave up on this start, or ended. Then nothing may begin.

# Seconds from our first line to the start: flamepin waits for 80 s at most, of which the start may take 25.
start_within=45

revoked=
# clean-up.sh sends SIGTERM, and waits until we have ended.
trap 'revoked=1' TERM
# The reader of our output may be gone; our files must still be removed.
trap '' PIPE

note_begin() {
  line_of /proc/uptime
  begun=${line%%.*}
}

refuse_if_given_up() {
  [ -z "$revoked" ] || refuse interrupted "flamepin has given up on this start"
  say ready 1 2>/dev/null || refuse interrupted "flamepin has disconnected"
  line_of /proc/uptime
  case ${line%%.*}:$begun in
    *[!0-9:]* | :* | *:) return 0 ;;
  esac
  if [ $((${line%%.*} - begun)) -gt $start_within ]; then
    refuse exec-timeout "getting ready took $((${line%%.*} - begun)) s; the limit is $start_within s"
  fi
}
