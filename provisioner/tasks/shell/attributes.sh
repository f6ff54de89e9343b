# shellcheck shell=dash disable=SC2046  # words
# Modes and owners: m_attributes.

# m_attributes PATH MODE OWNER GROUP
m_attributes() {
  set -- "$@" $(stat -L -c '%a %U %G %u %g' "$1")
  m_again=
  if { [ "$6" != "$3" ] && [ "$8" != "$3" ]; } || { [ "$7" != "$4" ] && [ "$9" != "$4" ]; }; then
    if m_change "change the owner of $1 from $6:$7 to $3:$4"; then
      m_keep_mode "$1" "$5" "$8" "$9"
      m_upon "$1" chown "$3:$4"
      # That may have taken bits of the mode away.
      m_again=1
    fi
  fi
  if [ "$5" != "$2" ] && m_change "change the mode of $1 from $5 to $2"; then
    m_keep_mode "$1" "$5" "$8" "$9"
    m_again=1
  fi
  [ -z "$m_again" ] || m_chmod "$2" "$1"
}

# Without the zeros, chmod keeps the setgid bit of a directory.
m_chmod() { m_upon "$2" chmod "00$1"; }
