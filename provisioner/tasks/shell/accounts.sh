# shellcheck shell=dash
# m_account, and what keys an account has.

# Sets m_uid, m_gid, m_home and m_shell; false when there is no such user.
m_account() {
  while IFS=: read -r m_name m_ m_uid m_gid m_ m_home m_shell; do
    [ "$m_name" != "$1" ] || return 0
  done </etc/passwd
  return 1
}

# Sets m_self to whom muster is here as.
m_know_self() { m_self=${SUDO_USER:-$(id -un)}; }

# m_other_keys HOME: whether there are keys that muster did not write.
m_other_keys() {
  [ -f "$1/.ssh/authorized_keys" ] || return 1
  sed '/^# BEGIN muster$/,/^# END muster$/d' "$1/.ssh/authorized_keys" | grep -q '^[^#[:space:]]'
}
