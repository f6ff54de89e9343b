# shellcheck shell=dash

# m_link PATH TO
m_link() {
  if [ -L "$1" ]; then
    if [ "$(readlink "$1")" = "$2" ]; then return; fi
  elif [ -d "$1" ]; then
    m_fail "$1 is a directory"
  fi
  if m_change "link $1 to $2"; then
    m_keep "$1"
    m_make_link "$1" "$2"
  fi
}

m_link_absent() {
  if [ -L "$1" ]; then
    if m_change "remove $1"; then
      m_keep_gone "$1"
      m_remove "$1"
    fi
  elif [ -e "$1" ]; then
    m_fail "$1 is no symbolic link"
  fi
}
