#!/bin/sh
# `npm run demo`: sees to what the demonstration needs, with any Node from 20 on, then starts it on the pinned one.
set -eu
cd "$(dirname "$0")/../.."

if [ ! -x node_modules/.bin/node ]; then
  echo 'Installing the dependencies of package-lock.json into node_modules (npm ci).'
  npm ci --no-audit --no-fund --loglevel=error
fi

if ! node_modules/.bin/node --version >/dev/null 2>&1; then
  if [ "$(id -u)" -eq 0 ] && [ -e /etc/debian_version ]; then
    echo 'Installing the Debian package libatomic1 on this machine: Node 26 needs that library.'
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends libatomic1 >/dev/null
  else
    node_modules/.bin/node --version || true
    echo 'demo: Node 26 does not start here; install libatomic (Debian: libatomic1) and try again' >&2
    exit 1
  fi
fi

exec node_modules/.bin/node src/demo/main.ts
