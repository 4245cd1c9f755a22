# Blocks that operators signed and put on the volume, for when the publisher is away: each is verified, kept, and has an end.
# shellcheck shell=sh disable=SC2034,SC2154

# Blocks that operators signed, named by their hash. A new one is verified once.
read_blocks() {
  news=
  count=0
  tried=0
  while read -r word name _; do
    count=$((count + 1))
    [ "$count" -le "$MAX_BLOCKS" ] || break
    [ "$word" = block ] && is_hash "$name" && [ ! -e "$work/known-blocks/$name" ] || continue
    # The list is not signed, so a poll spends little on it, and what is remembered of it has an end.
    tried=$((tried + 1))
    if [ "$tried" -gt "$MAX_NEW_BLOCKS" ] || ! fetch "$volume/blocks/$name" "$MAX_BLOCK" "$work/block"; then
      isComplete=
      continue
    fi
    known=$((known + 1))
    if [ "$known" -gt 4096 ]; then
      rm -rf "$work/known-blocks"
      mkdir "$work/known-blocks"
      known=0
    fi
    if take_block "$name"; then news=yes; fi
    : >"$work/known-blocks/$name"
  done <"$work/block-list"
  [ -z "$news" ] || apply_blocks
}

# take_block HASH: the block that was fetched is in force. 1: it is none.
take_block() {
  [ "$(sha256sum <"$work/block")" = "$1  -" ] || {
    log "the block $1 is not what its name says"
    return 1
  }
  is_block "$work/block" || {
    log "the block $1 is not signed by an operator of $operators: $(last_error)"
    return 1
  }
  { IFS= read -r form && read -r word1 name; } <"$work/block.text" || return 1
  if [ "$form $word1" = 'sunk-agent unblock 1 block' ]; then
    is_hash "$name" || return 1
    : >"$work/lifted/$name"
    drop_block "$name" 'an operator took it back'
    return 0
  fi
  [ ! -e "$work/lifted/$1" ] || return 1
  { IFS= read -r form && read -r word1 name && read -r word2 uid && read -r word3 until; } <"$work/block.text" || return 1
  [ "$form $word1 $word2 $word3" = 'sunk-agent block 1 name uid until' ] && is_number "$uid" && [ "$uid" -ge 1000 ] && is_number "$until" || return 1
  case $name in '' | *[!A-Za-z0-9._-]* | .* | -*) return 1 ;; esac
  [ "$until" -gt "$(date +%s)" ] || {
    log "the block of $name is over by the clock of this pod ($(date -u +%Y-%m-%dT%H:%MZ))"
    return 1
  }
  mkdir -p "$run/denied"
  : >"$run/denied/$name"
  cp "$work/block" "$work/signed-blocks/$1"
  echo "$uid $name $until" >"$work/blocks/$1"
  log "an operator blocked $name until $(date -u -d "@$until" +%Y-%m-%dT%H:%MZ)"
}

# is_block FILE: an operator signed it; its text is in $work/block.text.
is_block() {
  sed "/^$BEGIN\$/,\$d" "$1" >"$work/block.text"
  sed -n "/^$BEGIN\$/,\$p" "$1" >"$work/block.signature"
  ssh-keygen -q -Y verify -f "$operators" -I operator -n sunk-agent-block -s "$work/block.signature" \
    <"$work/block.text" >/dev/null 2>"$work/error"
}

apply_blocks() {
  [ ! -e "$run/current/manifest" ] || judge_in_place
  list_disabled
  end_sessions
  beats=0
}

# A block ends by itself.
end_blocks() {
  news=
  now=
  for file in "$work/blocks"/*; do
    [ -f "$file" ] || continue
    : "${now:=$(date +%s)}"
    read -r _ _ until <"$file"
    [ "$until" -gt "$now" ] || drop_block "${file##*/}" 'it has ended'
  done
  [ -z "$news" ] || apply_blocks
}

# drop_block HASH WHY
drop_block() {
  [ -f "$work/blocks/$1" ] || return 0
  read -r uid dropped until <"$work/blocks/$1"
  rm -f "$work/blocks/$1" "$work/signed-blocks/$1"
  isLeft=
  for file in "$work/blocks"/*; do
    [ -f "$file" ] && read -r _ name _ <"$file" && [ "$name" = "$dropped" ] && isLeft=yes
  done
  [ -n "$isLeft" ] || rm -f "$run/denied/$dropped"
  log "the block of $dropped is over: $2"
  news=yes
}

# What operators took back, and what the publisher decides itself by now (a line each, the hash of a block) is none here.
drop_adopted() {
  news=
  while read -r name; do
    is_hash "$name" || continue
    : >"$work/lifted/$name"
    drop_block "$name" 'the publisher has it, and its generations tell'
  done <"$run/current/blocks"
  [ -z "$news" ] || apply_blocks
}

# Once at the start, and when the list of operators has changed: a key that was stolen blocks no one any longer, and what was
# refused before the key was in the list is read again.
judge_operators() {
  : >"$work/operators-read"
  news=
  for file in "$work/signed-blocks"/*; do
    [ -f "$file" ] || continue
    is_block "$file" || drop_block "${file##*/}" "no operator of $operators signed it"
  done
  good=
  known=0
  rm -rf "$work/known-blocks"
  mkdir "$work/known-blocks"
  [ -z "$news" ] || apply_blocks
}
