#!/bin/sh
# start.sh PROGRAM [ARGUMENTS]: installs what a fresh clone lacks, with any Node from 20 on, then starts the
# program on the pinned one. What it says itself goes to standard error: programs read the output.
set -eu
home=$(cd "$(dirname "$0")/.." && pwd)
program=$home/$1
shift
node=$home/node_modules/.bin/node

if [ ! -x "$node" ]; then
  echo 'Installing the dependencies of package-lock.json into node_modules (npm ci).' >&2
  (cd "$home" && npm ci --no-audit --no-fund --loglevel=error >&2)
fi

if ! "$node" --version >/dev/null 2>&1; then
  if [ "$(id -u)" -eq 0 ] && [ -e /etc/debian_version ]; then
    echo 'Installing the Debian package libatomic1 on this machine: Node 26 needs that library.' >&2
    apt-get update -qq >&2
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends libatomic1 >/dev/null
  else
    "$node" --version >&2 || true
    echo 'start: Node 26 does not start here; install libatomic (Debian: libatomic1) and try again' >&2
    exit 1
  fi
fi

exec "$node" "$program" "$@"
