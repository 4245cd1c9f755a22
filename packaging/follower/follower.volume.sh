# What the volume has: bounded bytes are copied, and the copy is verified by the publisher's signature and by the hashes that it
# signed. Nothing here changes what is in force.
# shellcheck shell=sh disable=SC2034,SC2154

# fetch FILE BYTES TARGET: at most so many bytes of a regular file; it neither follows a link nor waits at a pipe.
fetch() {
  dd if="$1" of="$3" bs=65536 count="$2" iflag=nofollow,nonblock,fullblock,count_bytes status=none 2>"$work/error"
}

# read_head FILE: the values of a manifest's first lines, into head_*. 1: it has another form.
read_head() {
  head_publisher=
  head_succeeds=
  head_serial=
  head_signed=
  head_not_after=
  head_snapshot=
  head_shards=
  {
    IFS= read -r head_format &&
      read -r word1 head_publisher && read -r word2 head_succeeds && read -r word3 head_serial &&
      read -r word4 head_signed && read -r word5 head_not_after && read -r word6 head_snapshot &&
      read -r word7 head_shards
  } <"$1" || return 1
  [ "$head_format" = 'sunk-agent generation 1' ] &&
    [ "$word1 $word2 $word3 $word4 $word5 $word6 $word7" = 'publisher succeeds serial signed not-after snapshot shards' ] &&
    is_number "$head_serial" && is_number "$head_signed" && is_number "$head_not_after" && is_number "$head_shards" &&
    [ "$head_shards" -ge 1 ] && [ "$head_shards" -le 4096 ]
}

# is_same_start A B: equal up to the serial. It costs no process.
is_same_start() {
  same=
  exec 4<"$1" 5<"$2"
  while IFS= read -r one <&4 && IFS= read -r other <&5 && [ "$one" = "$other" ]; do
    case $one in
      'serial '*)
        same=yes
        break
        ;;
    esac
  done
  exec 4<&- 5<&-
  [ -n "$same" ]
}

# Whether the manifest that was fetched may follow the one in force.
may_follow() {
  if [ -n "$trusted" ] && [ "$head_publisher" != "$publisher" ] && [ "$head_succeeds" != "$publisher" ]; then
    refuse "the volume has serial $head_serial of another publisher ($head_publisher, not $publisher): see sunk-agent fleet"
    return
  fi
  if { [ "$head_serial" -eq "$serial" ] && [ -z "$interim" ]; } || { [ -n "$trusted" ] && [ "$head_serial" -lt "$serial" ]; }; then
    refuse "the volume has serial $head_serial, which is not newer than $serial in force"
    return
  fi
  if [ -z "$trusted" ] && [ "$head_not_after" -lt "$(date +%s)" ]; then
    refuse "the volume has serial $head_serial, which is too old for a pod without a generation (not-after $head_not_after): does the publisher run?"
    return
  fi
}

is_signed() {
  ssh-keygen -q -Y verify -f "$publishers" -I sunk-agent -n sunk-agent-generation -s "$2" <"$1" >/dev/null 2>"$work/error"
}

# Once at the start, and when the list of publishers has changed: a key that was stolen signs any serial, so what it signed
# holds up none that a trusted key signed. It stays in force until then.
judge_trust() {
  : >"$work/publishers-read"
  trusted=
  [ -e "$run/current/manifest" ] || return 0
  if is_signed "$run/current/manifest" "$run/current/signature"; then
    trusted=yes
  else
    log "serial $serial in force is not signed by a key of $publishers: the next one that is replaces it, whatever its serial"
  fi
}

# What the manifest has and the one in force has not, verified, below $work/fetched. `changed` are the names, with blanks
# around; isWhole: it is all of it, since nothing can be kept of what is in force.
fetch_changes() {
  rm -rf "$work/fetched"
  cp -a "$work/empty" "$work/fetched"
  wanted=$work/manifest
  isWhole=yes
  if [ "$shards" = "$head_shards" ] && [ -z "$interim" ]; then
    isWhole=
    wanted=$work/wanted
    grep -vxFf "$run/current/manifest" "$work/manifest" >"$wanted"
  fi
  changed=' '
  bytes=0
  while read -r word hash size name; do
    [ "$word" = file ] || continue
    case $name in
      passwd.cache | passwd.cache.ixname | passwd.cache.ixuid) ;;
      group.cache | group.cache.ixname | group.cache.ixgid) ;;
      shadow.cache | shadow.cache.ixname | disabled | sudoers | blocks) ;;
      keys/*)
        if ! is_number "${name#keys/}" || [ "${name#keys/}" -ge "$head_shards" ]; then
          refuse "serial $head_serial names $name, which no generation of $head_shards shards has"
          return
        fi
        ;;
      # The ledger, and what a later publisher may add.
      *) continue ;;
    esac
    if ! is_hash "$hash" || ! is_number "$size" || [ "$size" -gt "$MAX_FILE" ]; then
      refuse "serial $head_serial gives $name an absurd size or hash"
      return
    fi
    bytes=$((bytes + size))
    if [ "$bytes" -gt "$MAX_FILE" ]; then
      refuse "serial $head_serial has more than $MAX_FILE bytes"
      return
    fi
    if ! fetch "$volume/files/$hash" "$((size + 1))" "$work/fetched/$name"; then
      refuse "$name of serial $head_serial is missing: $(last_error)"
      return
    fi
    printf '%s  %s\n' "$hash" "$name"
    changed="$changed$name "
  done <"$wanted" >"$work/sums" || return
  [ "$changed" = ' ' ] || (cd "$work/fetched" && sha256sum --check --quiet --strict "$work/sums") >"$work/error" 2>&1 ||
    refuse "a file of serial $head_serial was altered: $(last_error)"
}

# Whether the generation has what a pod needs, before any of it is in force.
have_all() {
  for name in passwd.cache group.cache shadow.cache sudoers disabled "keys/$((head_shards - 1))"; do
    [ -f "$work/fetched/$name" ] || { [ -z "$isWhole" ] && [ -f "$run/current/$name" ]; } || {
      refuse "serial $head_serial has no $name"
      return
    }
  done
}
