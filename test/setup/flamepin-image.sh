#!/bin/sh
# Builds flamepin's image from deploy/Dockerfile: flamepin-image.sh ARCHIVE NODE PROFILER CACHE
# ARCHIVE: where `docker save` puts it. NODE: the program that the base image holds. PROFILER: async-profiler for both
# architectures, as deploy/async-profiler.sh obtains it. CACHE: keeps Debian's packages as a base.
# No registry of images is asked: the base images are made of Debian's packages and of this machine's Node and npm, with
# npm's cache, which holds what package-lock.json names since `npm ci` ran here. The engine is one of its own, in the
# machine's network: the image installs a package of Debian. It builds without BuildKit, whose client plugin is in no
# package, so what BuildKit would set is passed as arguments.
set -eu
archive=$1 node=$2 profiler=$3 cache=$4
project=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d)
engine=''
finish() {
  if [ -n "$engine" ]; then
    kill "$engine" 2>/dev/null || :
    wait "$engine" 2>/dev/null || :
  fi
  # The engine leaves the network of its builds mounted there.
  for mounted in "$work"/exec/netns/*; do
    umount "$mounted" 2>/dev/null || :
  done
  rm -rf "$work"
}
trap finish EXIT
trap 'exit 1' HUP INT TERM

engine_docker() { docker -H "unix://$work/docker.sock" "$@"; }
mkdir "$work/data" "$work/exec"
dockerd --bridge=none --iptables=false --ip6tables=false --ip-masq=false \
  --data-root "$work/data" --exec-root "$work/exec" -H "unix://$work/docker.sock" -p "$work/pid" \
  >"$work/dockerd.log" 2>&1 &
engine=$!

debian=$cache/debian-bookworm.tar
if [ ! -f "$debian" ]; then
  mkdir -p "$cache"
  # shellcheck disable=SC2016 # apt-get's own
  site=$(apt-get indextargets --format '$(SITE)' 'Created-By: Packages' | head -n 1)
  debootstrap --variant=minbase bookworm "$work/debian" "$site" >"$work/debootstrap.log" 2>&1 || {
    tail -n 20 "$work/debootstrap.log" >&2
    exit 1
  }
  rm -rf "$work/debian/var/cache/apt/archives" "$work/debian/var/lib/apt/lists"
  tar -C "$work/debian" -cf "$debian.$$" .
  mv "$debian.$$" "$debian"
fi

tries=0
until engine_docker version >/dev/null 2>&1; do
  tries=$((tries + 1))
  if [ $tries -gt 120 ] || ! kill -0 "$engine" 2>/dev/null; then
    tail -n 20 "$work/dockerd.log" >&2
    exit 1
  fi
  sleep 0.5
done
engine_docker import "$debian" debian:local >/dev/null

npm=$(dirname "$(dirname "$(readlink -f "$(command -v npm)")")")
mkdir -p "$work/node/usr/local/bin" "$work/node/usr/local/lib/node_modules" "$work/node/usr/local/etc" "$work/node/npm"
cp "$node" "$work/node/usr/local/bin/node"
cp -r "$npm" "$work/node/usr/local/lib/node_modules/npm"
ln -s ../lib/node_modules/npm/bin/npm-cli.js "$work/node/usr/local/bin/npm"
ln -s ../lib/node_modules/npm/bin/npx-cli.js "$work/node/usr/local/bin/npx"
cp -r "$(npm config get cache)/_cacache" "$work/node/npm/_cacache"
printf 'cache=/npm\noffline=true\naudit=false\nfund=false\nupdate-notifier=false\n' >"$work/node/usr/local/etc/npmrc"
printf 'FROM debian:local\nCOPY . /\n' >"$work/Dockerfile.node"
DOCKER_BUILDKIT=0 engine_docker build --quiet -f "$work/Dockerfile.node" -t node:local "$work/node" >/dev/null

mkdir "$work/busybox"
sh "$project/test/setup/container-image.sh" | tar -C "$work/busybox" -xf -
tar -C "$work/busybox" -c . | engine_docker import - busybox:local >/dev/null
# Where the script that obtains async-profiler finds it, it only checks it.
mkdir -p "$work/busybox/opt"
cp -r "$profiler" "$work/busybox/opt/flamepin"
tar -C "$work/busybox" -c . | engine_docker import - profiler:local >/dev/null

# The old builder knows neither BUILDPLATFORM nor the .dockerignore beside the Dockerfile.
mkdir "$work/context" "$work/context/deploy"
for part in package.json package-lock.json LICENSE build.ts tsconfig.json tsconfig.build.json bin src \
  deploy/async-profiler.sh; do
  cp -r "$project/$part" "$work/context/$part"
done
{
  echo 'ARG BUILDPLATFORM=linux/amd64'
  cat "$project/deploy/Dockerfile"
} >"$work/context/deploy/Dockerfile"
DOCKER_BUILDKIT=0 engine_docker build --network host -f "$work/context/deploy/Dockerfile" --target flamepin \
  --build-arg NODE_IMAGE=node:local --build-arg MAVEN_IMAGE=profiler:local --build-arg BUSYBOX_IMAGE=busybox:local \
  -t flamepin:local "$work/context" >"$work/build.log" 2>&1 || {
  tail -n 40 "$work/build.log" >&2
  exit 1
}
engine_docker save -o "$archive.$$" flamepin:local
mv "$archive.$$" "$archive"
