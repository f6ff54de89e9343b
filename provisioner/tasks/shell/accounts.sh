# shellcheck shell=dash
# m_account.

# Sets m_uid, m_gid, m_home and m_shell; false when there is no such user.
m_account() {
  while IFS=: read -r m_name m_ m_uid m_gid m_ m_home m_shell; do
    [ "$m_name" != "$1" ] || return 0
  done </etc/passwd
  return 1
}
