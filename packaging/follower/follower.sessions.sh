# The processes of people who are disabled or blocked end, however they fork.
# shellcheck shell=sh disable=SC2034,SC2154

end_disabled() {
  case $changed in
    *' disabled '*)
      list_disabled
      end_sessions
      ;;
  esac
}

# Whose processes end: one pattern for the four uids in proc(5), status. The uids of the pod's own accounts are left alone.
list_disabled() {
  read_local
  ended=
  for list in "$run/current/disabled" "$work/blocks"/*; do
    [ -f "$list" ] || continue
    while read -r uid _; do
      case $uid in ????*) ;; *) continue ;; esac
      is_number "$uid" || continue
      case "|$local_uids|" in *"|$uid|"*) ;; *) ended="$ended|$uid" ;; esac
    done <"$list"
  done
  ended=${ended#|}
  printf '^Uid:(.*[[:blank:]])?(%s)([[:blank:]]|$)\n' "$ended" >"$work/pattern"
}

# Ends each process of people who are disabled or blocked. SIGKILL, since they could ignore all else; again, until two
# looks find none.
end_sessions() {
  [ -n "$ended" ] || return 0
  round=0
  clean=0
  while [ "$clean" -lt 2 ] && [ "$round" -lt 50 ]; do
    round=$((round + 1))
    found=$(cd /proc && grep -sEf "$work/pattern" [0-9]*/status)
    if [ -z "$found" ]; then
      clean=$((clean + 1))
      continue
    fi
    clean=0
    if [ "$round" -gt 1 ]; then kill_all_of; fi
    pids=$(echo "$found" | cut -d / -f 1)
    # shellcheck disable=SC2086
    kill -KILL $pids 2>/dev/null
  done
  [ "$clean" -ge 2 ] || log "processes of disabled people are left: $(echo "$pids" | tr '\n' ' ' | cut -c1-200)"
}

# What forks faster than it is listed, ends at once: kill -1 as that uid, without any capability.
kill_all_of() {
  command -v setpriv >/dev/null || return 0
  for uid in $(echo "$found" | cut -f 2- | tr '\t' '\n' | sort -u); do
    case "|$ended|" in *"|$uid|"*) ;; *) continue ;; esac
    setpriv --reuid="$uid" --keep-groups --inh-caps=-all --bounding-set=-all --no-new-privs \
      sh -c 'kill -KILL -1' 2>/dev/null
  done
}
