#!/bin/sh
# Everything: what is needed, the checks, the unit tests, the system tests; ends with a line like `123 passed, 0 failed`.
set -eu
cd "$(dirname "$0")/.."
sh test/setup.sh
npm run --silent check
exec npx --no-install vitest run --reporter=default --reporter=./test/closing-line.ts "$@"
