# shellcheck shell=dash

# m_file PATH CONTENT MODE OWNER GROUP
m_file() {
  if [ -d "$1" ] && [ ! -L "$1" ]; then m_fail "$1 is a directory"; fi
  m_why=
  if [ ! -f "$1" ] || [ -L "$1" ]; then
    m_why="create $1"
  elif ! m_same "$1" "$2"; then
    m_why="write $1"
  fi
  if [ -z "$m_why" ]; then
    m_attributes "$1" "$3" "$4" "$5"
  elif m_change "$m_why"; then
    m_keep "$1"
    m_write "$@"
  fi
}

m_file_absent() {
  if [ -d "$1" ] && [ ! -L "$1" ]; then m_fail "$1 is a directory"; fi
  if [ -e "$1" ] || [ -L "$1" ]; then
    if m_change "remove $1"; then
      m_keep_gone "$1"
      m_remove "$1"
    fi
  fi
}
