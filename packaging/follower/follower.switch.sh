# From a verified copy to what is in force, by renames: at once what the generation takes away, and its names and all that it
# gives after a wait. A kill at any step leaves one of the three in force, whole: the one before, the interim, the new one.
# shellcheck shell=sh disable=SC2034,SC2154

# The whole of one attempt. 0: what the volume has is in force.
follow() {
  # A poll as a rule: one process, and nothing written. The blocks and the serial are within what is compared.
  seen=$(dd if="$volume/root" bs=65536 count=1 iflag=nofollow,nonblock status=none 2>/dev/null)
  if [ -n "$seen" ] && [ "$seen" = "$good" ]; then
    fault=
    return 0
  fi
  if ! fetch "$volume/root" "$MAX_ROOT" "$work/root"; then
    refuse "cannot read $volume/root: $(last_error)"
    return
  fi
  # Which blocks operators put there, a manifest, and its signature.
  sed -n -e "/^$BEGIN\$/,/^$END\$/{w $work/signature
d
}" -e "/^block /{w $work/block-list
d
}" -e "w $work/manifest" "$work/root"
  isComplete=yes
  read_blocks
  if ! [ -e "$run/current/manifest" ] || [ -n "$interim" ] || ! is_same_start "$work/manifest" "$run/current/manifest"; then
    follow_manifest || return
  fi
  fault=
  [ -z "$isComplete" ] || good=$seen
}

follow_manifest() {
  if ! is_signed "$work/manifest" "$work/signature"; then
    refuse "$volume/root is not signed by a publisher of $publishers: $(last_error)"
    return
  fi
  if ! read_head "$work/manifest"; then
    refuse "$volume/root has a form that this follower does not read: is it older than the publisher?"
    return
  fi
  may_follow && fetch_changes && have_all || return
  isHeld=
  case $changed in *'.cache'*) [ -n "$isWhole" ] || take_away || return ;; esac
  assemble && switch
}

# The first half of a switch: what the generation takes away is in force, and nothing that it gives. The names stay, and with
# them who is local, blocked or not admitted here. `interim` lists who has a key by the generation alone, and gets none yet.
take_away() {
  case $changed in *' keys/'* | *' sudoers '* | *' disabled '*) ;; *) return 0 ;; esac
  part=$run/generations/$head_serial.interim
  [ ! -e "$part" ] || rm -rf "$part"
  shard_files=
  for name in $changed; do
    case $name in keys/*) shard_files="$shard_files $name" ;; esac
  done
  # Copies: the next attempt writes into these two files of $work what no one has verified.
  cp -al "$run/current/." "$part" && cp --remove-destination "$work/manifest" "$work/signature" "$part" && link_less && list_gains >"$part/interim" || {
    refuse "cannot prepare serial $head_serial"
    return
  }
  if [ -s "$part/interim" ]; then
    rm -f "$part/refused"
    cat "$run/current/refused" "$part/interim" >"$part/refused"
  fi
  case $changed in
    *' sudoers '*)
      rm -f "$part/sudoers" "$part/sudo"
      for name in sudoers sudo; do grep -Fxf "$work/fetched/sudoers" "$run/current/$name" >"$part/$name"; done
      chmod 0440 "$part/sudo"
      ;;
  esac
  put_in_force "$head_serial.interim" || return
  good=
  interim=yes
  end_disabled
  hold_names
}

link_less() {
  less=$shard_files
  case $changed in *' disabled '*) less="$less disabled" ;; esac
  # shellcheck disable=SC2086
  [ -z "$less" ] || (cd "$work/fetched" && cp -al --parents --remove-destination $less "$part")
}

# Who has a key in a fetched shard and none in the one in force, one name a line. What could not be compared fails.
list_gains() {
  [ -n "$shard_files" ] || return 0
  # shellcheck disable=SC2086
  (cd "$run/current" && cut -d ' ' -f 1,2 $shard_files) >"$work/had" &&
    (cd "$work/fetched" && cut -d ' ' -f 1,2 $shard_files) >"$work/has" || return
  grep -vxFf "$work/had" "$work/has" >"$work/gains"
  [ $? -le 1 ] || return
  [ ! -s "$work/gains" ] || cut -d ' ' -f 1 "$work/gains"
}

# The generation as a directory, hard links where nothing changed.
assemble() {
  new=$run/generations/$head_serial
  [ ! -e "$new" ] || rm -rf "$new"
  [ -d "$run/generations" ] || mkdir "$run/generations"
  mv "$work/manifest" "$work/signature" "$work/fetched"
  echo "$head_shards" >"$work/fetched/shards"
  if [ -e "$run/current/manifest" ]; then
    cp -al "$run/current/." "$new"
    [ -z "$isWhole" ] || rm -rf "$new/keys"
    if [ -n "$interim" ]; then
      [ ! -s "$new/interim" ] || changed="$changed gains "
      rm -f "$new/interim"
    fi
    cp -al --remove-destination "$work/fetched/." "$new"
  else
    mv "$work/fetched" "$new"
  fi
  case $changed in
    *' shadow.'*) chgrp shadow "$new"/shadow.cache* 2>/dev/null && chmod 0640 "$new"/shadow.cache* || chmod 0600 "$new"/shadow.cache* ;;
  esac
  judge "$new" && date_names
}

# libnss-cache opens an index and then the file, each by its path, and ignores an index that is older than its file. A
# switch in between would have it read the one file by the index of the other, and end the process that asked (status 100,
# glibc: "Illegal status in __nss_next"). So the indexes in force are ignored a while before the switch: names and ids
# resolve line by line meanwhile. The new files have one instant, later than the last one's.
date_names() {
  case $changed in *'.cache'*) ;; *) return 0 ;; esac
  if [ -e "$run/current/manifest" ] && [ -z "$isHeld" ]; then hold_names; fi
  stamp=$((stamp >= head_signed ? stamp + 1 : head_signed))
  touch -d "@$stamp" "$new"/*.cache*
}

# The indexes in force are ignored for long enough.
hold_names() {
  touch -d @0 "$run"/current/*.cache.*
  sleep "$GRACE"
  isHeld=yes
}

# put_in_force DIRECTORY: of $run/generations, by one rename.
put_in_force() {
  ln -sfn "generations/$1" "$run/current.new" && mv -T "$run/current.new" "$run/current" || {
    refuse "cannot switch $run/current to serial $head_serial"
    return
  }
  publisher=$head_publisher
  serial=$head_serial
  trusted=yes
  shards=$head_shards
  snapshot=$head_snapshot
  signed=$head_signed
  not_after=$head_not_after
}

switch() {
  before=$serial${interim:+.interim}
  put_in_force "$head_serial" || return
  fault=
  beats=0
  # A reader may still have the one before open.
  for old in "$run/generations"/*; do
    case ${old##*/} in "$serial" | "$before") ;; *) rm -rf "$old" ;; esac
  done
  [ ! -S /run/nscd/socket ] || nscd -i passwd -i group >/dev/null 2>&1
  case $changed in
    ' ') ;;
    *) log "serial $serial is in force (snapshot $snapshot)" ;;
  esac
  # By the first half, if there was one; and soon again, as at each news.
  if [ -z "$interim" ]; then end_disabled; fi
  interim=
  case $changed in *' blocks '*) drop_adopted ;; esac
}

# What an earlier process left in force: it was verified before it was written, and the directory is root's.
resume() {
  shards=
  signed=
  snapshot=
  not_after=
  stamp=0
  interim=
  [ -e "$run/current/manifest" ] && read_head "$run/current/manifest" || return 0
  publisher=$head_publisher
  serial=$head_serial
  shards=$head_shards
  snapshot=$head_snapshot
  signed=$head_signed
  not_after=$head_not_after
  [ ! -e "$run/current/interim" ] || interim=yes
  judge_trust
  stamp=$(stat -L -c %Y "$run/current/passwd.cache")
  # Where it ended before a switch.
  touch -d "@$stamp" "$run"/current/*.cache.*
}
