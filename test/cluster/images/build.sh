#!/bin/sh
# Makes the images that the test cluster's pods run, once per content, and prints the directory of archives.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$here/../../..
PATH=$root/node_modules/.bin:$PATH
exec node "$here/build.ts"
