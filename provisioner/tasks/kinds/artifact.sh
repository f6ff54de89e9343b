# shellcheck shell=dash

# m_artifact_mode STORED MODE NAME: the store may be read-only.
m_artifact_mode() {
  m_mode_now=$(stat -c %a "$1")
  if [ "$m_mode_now" = "$2" ]; then return; fi
  if m_change "change the mode of $3 from $m_mode_now to $2"; then m_do chmod "$2" "$1"; fi
}

# m_artifact PATH STORED MODE NAME
m_artifact() {
  if [ -L "$1" ] && [ "$1" -ef "$2" ]; then
    m_artifact_mode "$2" "$3" "$4"
    return
  fi
  if [ -d "$1" ] && [ ! -L "$1" ]; then m_fail "$1 is a directory"; fi
  if m_change "install $4 as $1"; then
    [ -f "$2" ] || m_fail "the node's store has no $2 ($4)"
    m_keep_directory "${1%/*}"
    m_keep "$1"
    m_make_folders "${1%/*}"
    m_artifact_mode "$2" "$3" "$4"
    m_make_link "$1" "$2"
  fi
}

# The file stays in the store: it costs nothing to come back to.
m_artifact_absent() {
  if [ -L "$1" ] || [ -e "$1" ]; then
    if m_change "remove $1"; then
      m_keep_gone "$1"
      m_remove "$1"
    fi
  fi
}
