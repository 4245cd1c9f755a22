# What all parts of the follower use: its log, a refusal, and numbers, hashes and names from files that it did not write.
# shellcheck shell=sh disable=SC2034,SC2154

log() {
  printf 'sunk-agent-follower: %s\n' "$*" >&2
}

# refuse REASON: the generation in force stays.
refuse() {
  if [ "$fault" != "$1" ]; then
    log "$1"
    fault=$1
    beats=0
  fi
  return 1
}

last_error() {
  said=
  [ ! -s "$work/error" ] || IFS= read -r said <"$work/error"
  printf %s "$said" | tr -d '\000-\037\177' | cut -c1-200
}

# One follower at a time: another one would write, into the files of $work, what this one has verified and goes on to use. s6
# starts the script that installs it (--once) and the service together.
lock_work() {
  exec 9>"$work/lock" || return
  [ -n "$once" ] || {
    flock -n 9 || {
      log "waits: another follower works in $run"
      flock 9
    }
    return
  }
  tries=0
  until flock -n 9; do
    [ ! -e "$run/current/manifest" ] || exit 0
    [ "$tries" -lt 20 ] || return
    tries=$((tries + 1))
    sleep 1
  done
}

# is_number TEXT: digits without a sign, few enough for the arithmetic of any sh.
is_number() {
  case $1 in
    '' | *[!0-9]* | ????????????????*) return 1 ;;
    0?*) return 1 ;;
  esac
}

is_hash() {
  case $1 in
    *[!0-9a-f]*) return 1 ;;
    ????????????????????????????????????????????????????????????????) return 0 ;;
  esac
  return 1
}

# escape NAME: for a regular expression, into `escaped`.
escape() {
  rest=$1
  escaped=
  while [ "${rest#*.}" != "$rest" ]; do
    escaped="$escaped${rest%%.*}[.]"
    rest=${rest#*.}
  done
  escaped=$escaped$rest
}
