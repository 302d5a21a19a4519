# Command lines of processes.

# NUL-separated strings of a file of /proc -> one a line; newlines in them become blanks.
strings_of() { tr '\n\000' ' \n' <"$1" 2>/dev/null; }

# Prints arguments, each cut: the caller decides which of them are kept.
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
