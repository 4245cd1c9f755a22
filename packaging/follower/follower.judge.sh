# Who may log in here and use sudo: the generation, less what the configuration does not admit, what the pod's own accounts,
# groups and sudoers have, and who is blocked.
# shellcheck shell=sh disable=SC2034,SC2154

# judge GENERATION: who may log in here and use sudo, from the configuration, the pod's own accounts and the blocks. Only
# what may have changed; `changed` is `all` where the pod has.
judge() {
  case $changed in all | *' group.cache '*) judge_groups "$1" ;; esac
  case $changed in all | *' passwd.cache '* | *' gains '*) judge_names "$1" ;; esac
  case $changed in
    all | *' sudoers '*) judge_sudo "$1" ;;
    *' passwd.cache '* | *' group.cache '*) [ -z "$users$groups" ] || judge_sudo "$1" ;;
  esac
}

# The pod's own accounts: local_names has ` NAME:UID ` each, local_uids `|UID` each. It costs no process.
read_local() {
  local_names=' '
  local_uids=
  while IFS=: read -r name _ uid _ || [ -n "$name" ]; do
    is_number "$uid" || continue
    local_names="$local_names$name:$uid "
    local_uids="$local_uids|$uid"
  done <"$passwd"
  local_uids=${local_uids#|}
}

# What the pod's own sudoers name, but for $privileged, whatever they give: power_names has `|NAME` each, and power_gids `|GID`; power_pattern
# has the users.
read_power() {
  : >"$work/power-read"
  for file in "$sudoers" "$sudoers.d"/*; do
    # As sudoers(5) reads a directory: no name with a dot, and no backup.
    case ${file##*/} in sunk-agent | *.* | *'~') continue ;; esac
    [ ! -f "$file" ] || sed '/^[[:blank:]]*#\([^0-9]\|$\)/d' "$file"
  done | grep -oE '[%#]*[A-Za-z0-9_][A-Za-z0-9_.-]*' | sort -u >"$work/power"
  power_names=
  power_gids=
  power_users=' '
  power_pattern=:
  while read -r name; do
    case $name in
      %\#*) ! is_number "${name#%?}" || power_gids="$power_gids|${name#%?}" ;;
      %*) is_privileged "${name#%}" || power_names="$power_names|${name#%}" ;;
      \#*) ;;
      *)
        if ! is_privileged "$name"; then
          power_users="$power_users$name "
          escape "$name"
          power_pattern="$power_pattern|$escaped"
        fi
        ;;
    esac
  done <"$work/power"
}

# Whether the pod's own accounts or sudoers are others than when they were read.
is_node_changed() {
  for file in "$passwd" "$group" "$sudoers" "$sudoers.d" "$sudoers.d"/*; do
    # shellcheck disable=SC3013
    [ ! "$file" -nt "$work/power-read" ] || return 0
  done
  return 1
}

is_privileged() {
  case " $privileged " in *" $1 "*) return 0 ;; esac
  return 1
}

# A group of the generation that the pod's own sudoers name would give its members what they give, and so would one with the
# gid of a group of the pod. It is left out, and its index with it; where the sudoers name it no longer, until it changes.
judge_groups() {
  read_power
  local_gids=
  local_groups=' '
  while IFS=: read -r name _ gid _ || [ -n "$name" ]; do
    is_number "$gid" || continue
    local_groups="$local_groups$name:$gid "
    local_gids="$local_gids|$gid"
    case "$power_names|" in *"|$name|"*) power_gids="$power_gids|$gid" ;; esac
  done <"$group"
  lost=
  names=$(echo "${power_names#|}" | sed 's/[.]/[.]/g')
  grep -E "^((${names:-:}):|[^:]*:[^:]*:(0$local_gids$power_gids):)" "$1/group.cache" >"$work/clashes"
  while IFS=: read -r name _ gid _; do
    case "$power_names|" in
      *"|$name|"*) ;;
      *) case $local_groups in *" $name:$gid "*) continue ;; esac ;;
    esac
    lost="$lost|$name"
  done <"$work/clashes"
  notice=
  [ -n "$lost" ] || return 0
  grep -vE "^($(echo "${lost#|}" | sed 's/[.]/[.]/g')):" "$1/group.cache" >"$work/groups"
  rm -f "$1"/group.cache*
  mv "$work/groups" "$1/group.cache"
  notice="left out, since this pod's own sudoers or groups have that name or gid: $(echo "${lost#|}" | tr '|' ' ' | cut -c1-300)"
  log "$notice"
}

# A uid that the pod's own accounts have under another name serves no key, and no sudo by that number. Nor is a name served
# that the pod's own sudoers give anything.
judge_names() {
  rm -f "$1/refused"
  read_local
  [ -e "$work/power-read" ] || read_power
  {
    grep -E "^(($power_pattern):|[^:]*:[^:]*:(($local_uids):|[^:]*:(${power_gids#|}):))" "$1/passwd.cache" |
      while IFS=: read -r name _ uid gid _; do
        case $power_users in
          *" $name "*) ;;
          *)
            case "$power_gids|" in
              *"|$gid|"*) ;;
              *) case $local_names in *" $name:$uid "*) continue ;; esac ;;
            esac
            ;;
        esac
        echo "$name"
      done
    [ ! -e "$1/interim" ] || cat "$1/interim"
  } >"$1/refused"
}

# Which users the configuration admits, one name a line, and the sudo rules of these.
judge_sudo() {
  rm -f "$1/allowed" "$1/sudo"
  read_local
  if [ "$profile" = controller ]; then
    : >"$1/allowed"
  elif [ -n "$users$groups" ]; then
    {
      # shellcheck disable=SC2086
      printf '%s\n' $users
      for group in $groups; do
        case $group in *[!A-Za-z0-9._-]*) continue ;; esac
        escape "$group"
        sed -n "s/^$escaped:[^:]*:[^:]*://p" "$1/group.cache" | tr , '\n'
      done
    } | grep -x '[A-Za-z0-9._-]\{1,\}' | sort -u >"$1/allowed"
  fi
  # Rules begin with #UID; see sudoers(5).
  {
    for one in $local_names; do echo "#${one##*:} "; done
    for block in "$work/blocks"/*; do
      [ -f "$block" ] && read -r uid _ <"$block" && echo "#$uid "
    done
  } >"$work/without"
  if [ "$profile" != login ]; then
    : >"$1/sudo"
  elif [ -e "$1/allowed" ]; then
    sed 's/[.]/[.]/g; s/.*/^&:/' "$1/allowed" >"$work/names"
    grep -f "$work/names" "$1/passwd.cache" | cut -d : -f 3 | sed 's/.*/#& /' >"$work/with"
    grep -Ff "$work/with" "$1/sudoers" | grep -vFf "$work/without" >"$1/sudo"
  else
    grep -vFf "$work/without" "$1/sudoers" >"$1/sudo"
  fi
  chmod 0440 "$1/sudo"
  if [ -s "$1/sudo" ] && command -v visudo >/dev/null && ! visudo -c -q -f "$1/sudo" >/dev/null 2>&1; then
    log "visudo does not accept the sudo rules of serial $head_serial: this pod has none"
    rm -f "$1/sudo"
    : >"$1/sudo"
    chmod 0440 "$1/sudo"
  fi
}

# The rules without those of blocked people, in the generation that is in force.
judge_in_place() {
  rm -rf "$work/judged"
  cp -al "$run/current/." "$work/judged"
  changed=all
  judge "$work/judged"
  if ! [ -e "$work/judged/group.cache.ixname" ] && [ -e "$run/current/group.cache.ixname" ]; then
    rm -f "$run"/current/group.cache.ix*
    sleep "$GRACE"
  fi
  for name in sudo refused allowed group.cache; do
    [ ! -e "$work/judged/$name" ] || mv -f "$work/judged/$name" "$(readlink -f "$run/current")/$name"
  done
  rm -rf "$work/judged"
}
