# Files of ours in directories that everybody may write to. Names under /tmp can be foreseen, and every user may make
# one there first: only what belongs to us counts.

ours() { [ ! -L "$1" ] && [ -O "$1" ]; }

# Goes into a directory of tools, to run ./asprof: the path can be given to another directory, where we are cannot.
# /opt/flamepin is part of the image.
enter() {
  if [ "$1" = /opt/flamepin ]; then
    cd "$1" || return
    [ -x asprof ]
  else
    ours "$1" && cd "$1" && ours . && ours asprof && [ -x asprof ]
  fi
} 2>/dev/null
