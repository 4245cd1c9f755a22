#!/bin/sh
# npm run demo, on a machine that has only git, Node 20 or newer and npm: installs what is missing, then rehearses.
set -eu
cd "$(dirname "$0")/../.."

if [ ! -x node_modules/.bin/node ]; then
  echo '> npm ci   (this project has no dependencies installed yet)'
  npm ci --no-audit --no-fund --loglevel=error
fi
if ! node_modules/.bin/node --version >/dev/null 2>&1; then
  if [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null; then
    echo '> apt-get install libatomic1   (the pinned Node needs it, and this machine lacks it)'
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends libatomic1 >/dev/null
  else
    echo 'The pinned Node does not start; it needs libatomic1: apt-get install libatomic1' >&2
    exit 1
  fi
fi
exec node_modules/.bin/node src/demo/main.ts
