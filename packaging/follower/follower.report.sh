# What this follower says of itself: a heartbeat for sunk-agent fleet, and the same in this pod.
# shellcheck shell=sh disable=SC2034,SC2154

# What sunk-agent fleet shows; also in $run/follower.status, for operators in this pod.
beat() {
  now=$(date +%s)
  reported=${fault:-$notice}
  if [ -z "$fault" ] && [ -n "$not_after" ] && [ "$not_after" -lt "$now" ]; then
    reported="no publisher has signed since $(date -u -d "@$signed" +%Y-%m-%dT%H:%MZ): logins go on until their keys end, but a pod that starts now has none"
    [ -n "$isLate" ] || log "$reported"
    isLate=yes
  else
    isLate=
  fi
  {
    echo 'sunk-agent follower 1'
    echo "host $host"
    echo "version $version"
    echo "profile $profile"
    echo "publisher ${publisher:--}"
    echo "serial $serial"
    echo "signed ${signed:-0}"
    echo "at $now"
    echo "fault ${reported:--}"
  } >"$work/beat"
  cp "$work/beat" "$run/follower.status"
  [ -n "$heartbeats" ] || return 0
  { cp "$work/beat" "$heartbeats/.$host.new" && mv -T "$heartbeats/.$host.new" "$heartbeats/$host"; } 2>/dev/null ||
    log "cannot leave a heartbeat in $heartbeats"
}
