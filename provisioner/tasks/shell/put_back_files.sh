# shellcheck shell=dash disable=SC2046  # words
# What m_put_back does with each kind of record. Each m_back_WHAT puts back one record, $m_path and
# $m_data, and fails when it cannot. What it did before, it finds done: an undo that was cut begins
# again with all records.

# Sets m_now to the SHA-256 of a file, or of where a link leads.
m_sum_now() {
  if [ -L "$1" ]; then
    m_now=$(readlink "$1" | sha256sum)
  elif [ -f "$1" ]; then
    m_now=$(sha256sum <"$1")
  else
    m_now=
  fi
  m_now=${m_now%% *}
}

# Whether it is as muster wrote it at some time, or that was not noted.
m_is_ours() {
  m_sum_now "$m_path"
  case $m_log in
    *" $m_now new $m_path$m_nl"* | *" $m_now sum $m_path$m_nl"*) return 0 ;;
    *" sum $m_path$m_nl"*) return 1 ;;
    *" - new $m_path$m_nl"* | *" old $m_path$m_nl"*) return 0 ;;
  esac
  return 1
}

m_set_aside() {
  m_aside=$m_path.muster-saved
  m_try=0
  while [ -e "$m_aside" ] || [ -L "$m_aside" ]; do
    m_try=$((m_try + 1))
    m_aside=$m_path.muster-saved.$m_try
  done
  if m_change "keep $m_path as $m_aside: somebody has changed it since muster wrote it"; then
    m_in_workshop "$m_aside" m_aside_here "../${m_path##*/}"
  fi
}
m_aside_here() { mv "$1" "$m_new"; }

m_touched() {
  case $m_path in */systemd/*) m_reread=1 ;; esac
}

m_back_new() {
  if [ -d "$m_path" ] && [ ! -L "$m_path" ]; then
    m_back_dir
  elif [ ! -e "$m_path" ] && [ ! -L "$m_path" ]; then
    return 0
  elif m_is_ours; then
    if m_change "remove $m_path"; then
      m_touched
      m_remove "$m_path"
    fi
  else
    m_touched
    m_set_aside
  fi
}

# Whether m_path is what m_copy is.
m_is_copy() {
  [ -L "$m_copy" ] && [ ! -L "$m_path" ] && return 1
  [ ! -L "$m_copy" ] && [ -L "$m_path" ] && return 1
  m_sum_now "$m_copy"
  m_sum=$m_now
  m_sum_now "$m_path"
  [ "$m_now" = "$m_sum" ]
}

m_back_old() {
  m_copy=$m_ledger/$m_data
  if [ ! -e "$m_copy" ] && [ ! -L "$m_copy" ]; then return 0; fi
  if m_is_copy; then
    [ -L "$m_copy" ] || m_mode_back $(stat -c '%a %u %g' "$m_copy")
    return
  fi
  if [ -e "$m_path" ] || [ -L "$m_path" ]; then m_is_ours || m_set_aside || return 1; fi
  if m_change "bring back $m_path"; then
    m_touched
    m_brought=1
    m_make_folders "${m_path%/*}" || return 1
    if ! m_is_firm "${m_path%/*}"; then
      m_in_workshop "$m_path" m_copy_here "$m_copy"
      return
    fi
    m_new=$m_path.muster-new
    rm -f "$m_new" && cp -a "$m_copy" "$m_new" || return 1
    [ ! -L "$m_path" ] || rm -f "$m_path"
    m_place_new "$m_path"
  fi
}

m_copy_here() { cp -a "$1" "$m_new"; }

# A file that is a mount point cannot be replaced.
m_place_new() {
  mv -f "$m_new" "$1" 2>/dev/null || { cat "$m_new" >"$1" && rm -f "$m_new"; }
}

m_back_whole() {
  if [ ! -d "$m_ledger/$m_data" ]; then return 0; fi
  if [ -d "$m_path" ] && ! m_is_empty "$m_path"; then return 0; fi
  if m_change "bring back $m_path and all it held"; then
    m_brought=1
    m_make_folders "${m_path%/*}" || return 1
    if m_is_firm "${m_path%/*}"; then
      mkdir -p "$m_path" && cp -a "$m_ledger/$m_data/." "$m_path"
    else
      [ ! -d "$m_path" ] || m_by "$m_path" rmdir || return 1
      m_in_workshop "$m_path" m_copy_here "$m_ledger/$m_data"
    fi
  fi
}

m_is_empty() { [ -z "$(ls -A "$1")" ]; }

m_back_dir() {
  if [ ! -d "$m_path" ] || [ -L "$m_path" ]; then return 0; fi
  if m_is_empty "$m_path"; then
    if m_mounted "$m_path"; then return 0; fi
    if m_change "remove $m_path"; then m_by "$m_path" rmdir; fi
  elif [ "$m_others" != ' ' ]; then
    # A role that stays may have put something there.
    m_stays=1
  elif [ "$m_mode" = apply ]; then
    m_change "leave $m_path: it holds what muster did not make"
  fi
}

# m_unmount_below [AT]: what is still in use must not be emptied through its mount.
m_unmount_below() {
  if m_mounted "$m_path"; then :; fi
  while IFS= read -r m_place; do
    [ -z "$m_place" ] || [ "$m_place" = "${1:-}" ] || umount "$m_place" 2>/dev/null || umount -l "$m_place" || return 1
  done <<EOF
$m_mounts
EOF
}

m_back_empty() {
  if [ -L "$m_path" ]; then return 0; fi
  m_make_folders "$m_path" || return 1
  if ! m_is_empty "$m_path" && m_change "remove all that $m_path holds"; then
    m_unmount_below "$(readlink -f "$m_path")" &&
      m_by "$m_path" m_sweep || return 1
  fi
  m_back_mode
}

m_back_tree() {
  if [ ! -e "$m_path" ] && [ ! -L "$m_path" ]; then return 0; fi
  case $m_path in
    /sys/class/net/*)
      if m_change "remove the interface ${m_path##*/}"; then ip link delete "${m_path##*/}"; fi
      ;;
    *)
      if m_change "remove $m_path and all it holds"; then
        # What ends may still write there.
        m_unmount_below && { m_by "$m_path" rm -rf || { sleep 1 && m_by "$m_path" rm -rf; }; }
      fi
      ;;
  esac
}

# m_mode_back MODE UID GID
m_mode_back() {
  [ -e "$m_path" ] || return 0
  set -- "$@" $(stat -L -c '%a %u %g' "$m_path")
  if [ "$1 $2 $3" != "$4 $5 $6" ] && m_change "give $m_path its mode and owner back"; then
    m_upon "$m_path" chown "$2:$3" && m_upon "$m_path" chmod "00$1"
  fi
}
m_back_mode() {
  m_rest=${m_data#*:}
  m_mode_back "${m_data%%:*}" "${m_rest%%:*}" "${m_rest#*:}"
}

m_back_made() {
  if [ -L "$m_path" ] || [ ! -f "$m_path" ]; then return 0; fi
  if [ ! -s "$m_path" ]; then
    if m_change "remove $m_path"; then m_remove "$m_path"; fi
  elif [ "$m_mode" = apply ]; then
    m_change "leave $m_path: it holds what muster did not write"
  fi
}

# m_rest_of PATH CALL...: sets m_real to where it leads, and runs the call with a copy of the file on
# stdin, for $m_tmp/rest.
m_rest_of() {
  m_real=$1
  shift
  if [ -L "$m_real" ] && m_is_firm "${m_real%/*}"; then m_real=$(readlink -f "$m_real") || return 1; fi
  m_hold "$m_real" "$m_tmp/held" && "$@" <"$m_tmp/held" >"$m_tmp/rest"
}

# m_rewrite [open]: $m_real, with what is in $m_tmp/rest; "open" takes the end of the last line away.
m_rewrite() {
  if ! m_is_firm "${m_real%/*}"; then
    m_in_workshop "$m_real" m_rewrite_here "$@"
    return
  fi
  m_new=$m_real.muster-new
  rm -f "$m_new" && m_rewrite_here "$@" && m_place_new "$m_real"
}
m_rewrite_here() {
  cp -p "$m_tmp/held" "$m_new" || return 1
  if [ "${1:-}" = open ]; then
    printf '%s' "$(cat "$m_tmp/rest")" >"$m_new"
  else
    cat "$m_tmp/rest" >"$m_new"
  fi
}

m_without_line() { grep -vxF -f "$m_ledger/$m_data" || [ "$?" -eq 1 ]; }

m_back_line() {
  [ -f "$m_path" ] && [ -e "$m_ledger/$m_data" ] || return 0
  grep -qxF -f "$m_ledger/$m_data" "$m_path" || return 0
  if m_change "take a line out of $m_path"; then
    m_rest_of "$m_path" m_without_line && m_rewrite "${1:-}"
  fi
}
