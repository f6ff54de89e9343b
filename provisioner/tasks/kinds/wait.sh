# shellcheck shell=dash
# The text is run from a file: a hanging program of it is ended at the deadline.

# m_wait_try SECONDS
m_wait_try() {
  if command -v timeout >/dev/null 2>&1; then
    timeout "$1" sh -e "$m_tmp/until"
  else
    sh -e "$m_tmp/until"
  fi
}

m_wait_left() {
  m_clock
  m_left=$(((m_until - m_now + 999) / 1000))
}

# m_wait SECONDS PAUSE CHECKS SHOWN TEXT AFTER-RESTART
m_wait() {
  # An earlier run may have been cut between the restart and this.
  if [ -n "$6" ] && [ "${m_asked:-0}" != 0 ] && [ ! -e "$m_tmp/restarted" ]; then return; fi
  printf '%s\n' "$5" >"$m_tmp/until"
  m_clock
  m_left=$(($1 * m_longer))
  m_until=$((m_now + m_left * 1000))
  [ "$m_mode" = apply ] || m_left=5
  until m_wait_try "$m_left" >/dev/null 2>&1; do
    if [ "$m_mode" != apply ]; then
      m_change "wait until $3" || return 0
    fi
    m_wait_left
    if [ "$m_left" -le 0 ]; then
      m_told "$4"
      # Once more, for the output.
      if m_wait_try 5; then return; fi
      m_fail "$3: not so after $(($1 * m_longer)) s"
    fi
    sleep "$2" 2>/dev/null || sleep 1
  done
}
