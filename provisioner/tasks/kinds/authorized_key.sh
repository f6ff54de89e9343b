# shellcheck shell=dash disable=SC2046  # words

# The file without our lines, and then our lines.
m_keys_write() {
  sed '/^# BEGIN muster$/,/^# END muster$/d' "$m_tmp/held"
  [ -z "$(tail -c 1 "$m_tmp/held")" ] || echo
  [ -z "$1" ] || printf '%s\n' "$1"
}

# As the content of a file is called.
m_keys_feed() { "$@" <"$m_tmp/keys"; }

# m_keys_keep USER: whether the last line had an end matters when our lines go.
m_keys_keep() {
  m_keep_directory "$m_home/.ssh"
  if [ -d "$m_home/.ssh" ]; then
    set -- "$1" $(stat -c '%a %u %g' "$m_home/.ssh")
    [ "$3:$4" = "$m_uid:$m_gid" ] || m_keep_mode "$m_home/.ssh" "$2" "$3" "$4"
  fi
  m_ended=-
  if [ ! -e "$m_file" ]; then
    m_note_once made - "$m_file"
  else
    m_keep_mode "$m_file" $(stat -c '%a %u %g' "$m_file")
    [ -z "$(tail -c 1 "$m_file")" ] || m_ended=open
  fi
  m_note_once keys "$m_ended" "keys:$1"
}

# m_keeps_all OLD NEW: whether the new block has the keys of the old one, whatever their comments say.
m_keeps_all() {
  while IFS= read -r m_line; do
    [ -n "$m_line" ] || continue
    m_key=${m_line%%AAAA*}
    m_line=${m_line#"$m_key"}
    case $m_key/$2$m_nl in
      '#'* | *"$m_nl$m_key${m_line%% *}"[\ "$m_nl"]*) ;;
      *) return 1 ;;
    esac
  done <<BLOCK
$1
BLOCK
}

# m_authorized_key USER BLOCK
m_authorized_key() {
  if ! m_account "$1"; then
    if [ -z "$2" ]; then return; fi
    if m_change "authorize keys of $1"; then m_fail "there is no user $1"; fi
    return
  fi
  m_file=$m_home/.ssh/authorized_keys
  # As root, we would follow the user's links anywhere.
  if [ -L "$m_home/.ssh" ] || [ -L "$m_file" ]; then m_fail "$m_file is behind a symbolic link"; fi
  m_now=
  if [ -f "$m_file" ]; then m_now=$(sed -n '/^# BEGIN muster$/,/^# END muster$/p' "$m_file"); fi
  case $m_now in
    '' | *'# END muster') ;;
    *) m_fail "$m_file has '# BEGIN muster' without '# END muster'; put that after muster's keys" ;;
  esac
  if [ "$m_now" = "$2" ]; then return; fi
  m_know_self
  if [ "$m_self" = "$1" ] && ! m_keeps_all "$m_now" "$2" && ! m_other_keys "$m_home"; then
    m_fail "muster itself logs in as $1, may have come in by a key that is to go, and finds no others:" \
      "put muster's own key into $m_file, outside of muster's lines"
  fi
  if m_change "authorize keys of $1"; then
    m_keys_keep "$1"
    if [ -d "$m_home/.ssh" ]; then
      m_upon "$m_home/.ssh" chown "$m_uid:$m_gid"
    else
      m_make_folder "$m_home/.ssh" 700 "$m_uid" "$m_gid"
    fi
    : >"$m_tmp/held"
    [ ! -e "$m_file" ] || m_hold "$m_file" "$m_tmp/held"
    m_keys_write "$2" >"$m_tmp/keys"
    m_write "$m_file" m_keys_feed 600 "$m_uid" "$m_gid"
  fi
}
