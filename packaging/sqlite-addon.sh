#!/bin/sh
# Builds better-sqlite3's addon from the sources in its npm package, against the C library of this system:
#   sqlite-addon.sh NODE_MODULES OUTPUT
# The prebuilt one wants glibc 2.34; Debian 11 has 2.31. Run inside Debian 11 (chroot), the result loads there and on
# everything newer. Needs g++; uses Node-API, so one addon serves every Node.
set -eu
modules=$1
output=$2
sources=$modules/better-sqlite3
headers=$(echo "$modules"/node-linux-*/include/node)
objects=$(mktemp -d)
trap 'rm -r "$objects"' EXIT

# The options with which better-sqlite3 builds SQLite: the quoted words of its list.
defines=$(sed -n "s/^ *'\([A-Z][A-Z0-9_]*\(=[^' ]*\)\{0,1\}\)',\$/-D\1/p" "$sources/deps/defines.gypi")
[ -n "$defines" ] || { echo "no options found in $sources/deps/defines.gypi" >&2; exit 1; }

# shellcheck disable=SC2086 # a list of words
gcc -O2 -fPIC -std=gnu99 -w $defines -c "$sources/deps/sqlite3/sqlite3.c" -o "$objects/sqlite3.o"
g++ -O2 -fPIC -std=c++20 -fvisibility=hidden -w -DNDEBUG -DNAPI_VERSION=10 -DNAPI_DISABLE_CPP_EXCEPTIONS \
  -DNODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS -I"$sources/deps/sqlite3" -I"$modules/node-addon-api" -I"$headers" \
  -c "$sources/src/better_sqlite3.cpp" -o "$objects/addon.o"
g++ -shared -s -o "$output" "$objects/addon.o" "$objects/sqlite3.o" \
  -Wl,-Bsymbolic -Wl,--exclude-libs,ALL -static-libstdc++ -static-libgcc -ldl -lpthread -lm
