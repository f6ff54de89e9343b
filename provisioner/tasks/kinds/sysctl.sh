# shellcheck shell=dash

# Sets m_now to what is in a file, with single spaces. Not by "read", which takes byte after byte:
# the kernel gives a number to the first read alone.
m_sysctl_read() {
  m_now=
  if [ -f "$1" ]; then m_now=$(cat "$1" 2>/dev/null) || :; fi
  set -f
  set -- $m_now
  set +f
  m_now=$*
}

# m_sysctl NAME VALUE FILE OPTIONAL NAME-FOR-A-FILE
m_sysctl() {
  m_sysctl_read "$3"
  if [ "$m_now" != "$2" ]; then
    # Writing what is there already tells whether the kernel lets us.
    if [ -n "$4" ] && { [ ! -e "$3" ] || ! printf '%s\n' "$m_now" >"$3"; } 2>/dev/null; then
      return
    fi
    if m_change "set $1 to $2"; then
      m_known value "$3" || m_note_text value "$m_now" "$3"
      m_told "echo $2 >$3"
      printf '%s\n' "$2" >"$3"
    fi
  fi
  m_kept=/etc/sysctl.d/90-muster-$5.conf
  m_sysctl_read "$m_kept"
  if [ "$m_now" != "$1 = $2" ]; then
    if m_change "keep $1 in $m_kept"; then
      m_keep_directory /etc/sysctl.d
      m_keep "$m_kept"
      m_told "write $m_kept"
      [ -d /etc/sysctl.d ] || mkdir -p /etc/sysctl.d
      printf '%s\n' "$1 = $2" >"$m_kept"
    fi
  fi
}
