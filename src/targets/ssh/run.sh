#!/bin/sh
# Runs on the host as `/bin/sh -c TEXT flamepin-run USER COMMAND ...`: runs the command as that user (`-`: as whoever has
# logged in), between two marks. What comes before the first is the login shell's; without the second, the connection
# ended before the command. ssh's own exit code says neither, and knows no signals.
user=$1
shift
[ "$user" = - ] || set -- sudo -n -u "$user" -- "$@"
echo flamepin-begun
if command -v "$1" >/dev/null 2>&1; then
  "$@"
  echo "flamepin-ended=$?" >&2
else
  echo flamepin-ended=missing >&2
fi
