#!/bin/sh
# start.sh PROGRAM [ARGUMENTS]: installs what the tests need, then starts a program on the pinned Node. What it says itself
# goes to standard error: programs read the output.
set -eu
home=$(cd "$(dirname "$0")/.." && pwd)
# Help needs Node alone.
case " $* " in *' --help '*) ;; *) sh "$home/test/setup.sh" >&2 ;; esac
exec sh "$home/src/start.sh" "$@"
