#!/bin/sh
# The forced command of the key that flamepin logs in with. In ~/.ssh/authorized_keys of the host, on one line:
#
#   restrict,command="/usr/local/lib/flamepin/flamepin-command.sh" ssh-ed25519 AAAA... flamepin
#
# It runs the scripts of flamepin, with parameters that fit, and nothing else: commands.txt, beside it, holds a SHA-256 of
# each and a pattern for its parameters. That of the profiler's files is one of them. Nothing but root may write to both.
# What is asked for is `'/bin/sh' '-c' TEXT 'flamepin-run' USER 'sh' '-c' TEXT 'flamepin' PARAMETERS`, each word in quotes.
set -u
export LC_ALL=C

asked=${SSH_ORIGINAL_COMMAND-}
newline='
'

refuse() {
  echo "this key runs the scripts of flamepin alone, and this is none that ${0%/*}/commands.txt knows: copy it anew after an update of flamepin" >&2
  exit 1
}

runner=${asked%%" 'flamepin-run' '"*}
[ "$runner" != "$asked" ] || refuse
rest=${asked#"$runner 'flamepin-run' '"}
user=${rest%%"' "*}
[ "$user" != "$rest" ] || refuse
case $user in
  -) ;;
  '' | -* | *[!A-Za-z0-9_.#$-]*) refuse ;;
esac
rest=${rest#"$user' "}
script=${rest%%" 'flamepin'"*}
[ "$script" != "$rest" ] || refuse
values=${rest#"$script 'flamepin'"}
values=${values# }
case $values in
  *[!0-9a-z,/\'\ -]*) refuse ;;
esac

digest=$(printf '%s' "$runner$newline$script" | sha256sum)
digest=${digest%% *}
while read -r known pattern <&3; do
  if [ "$known" = "$digest" ] && printf '%s\n' "$values" | grep -Eqx -e "$pattern"; then
    # The texts are those that are known, and nothing else in it means anything to a shell.
    eval "exec $asked" "3<&-"
  fi
done 3<"${0%/*}/commands.txt"
refuse
