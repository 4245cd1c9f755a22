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
  [ -z "$heartbeats" ] || leave_beat
}

# Other pods may write the directory too: what lies at either name is replaced, and never opened, since it can be a link to a
# file of this pod, or a pipe. And a volume that gives no answer does not hold up the follower: one attempt waits by itself.
leave_beat() {
  if [ -e "$work/beating" ]; then
    log "cannot leave a heartbeat in $heartbeats: the attempt before has not ended"
    return
  fi
  cp "$work/beat" "$work/beating"
  {
    next=$heartbeats/.$host.new
    {
      rm -f "$next" && dd if="$work/beating" of="$next" conv=excl status=none && mv -T "$next" "$heartbeats/$host"
    } 2>/dev/null || log "cannot leave a heartbeat in $heartbeats"
    rm -f "$work/beating"
  } 9<&- &
  # As a rule it has ended by then.
  tries=0
  while [ -e "$work/beating" ] && [ "$tries" -lt 20 ]; do
    sleep 0.05
    tries=$((tries + 1))
  done
}
