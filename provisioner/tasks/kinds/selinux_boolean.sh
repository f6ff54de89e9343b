# shellcheck shell=dash
# Needs selinux.sh.

# A policy without it confines nothing by it. m_selinux_boolean NAME on|off
m_selinux_boolean() {
  m_selinux_is_on || return 0
  m_now=$(getsebool "$1" 2>/dev/null) || return 0
  m_now=${m_now##* }
  if [ "$m_now" = "$2" ]; then return; fi
  if m_change "set SELinux's boolean $1 to $2"; then
    m_note_once boolean "$m_now" "boolean:$1"
    m_do setsebool -P "$1" "$2"
  fi
}
