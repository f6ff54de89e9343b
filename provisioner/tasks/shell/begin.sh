# shellcheck shell=dash
# In every script: m_begin and m_end.

m_end() {
  m_say end
  exit 0
}

# Only one script at a time. No program that we start may hold the lock after us: all are started
# with descriptor 9 closed.
m_lock() {
  command -v flock >/dev/null 2>&1 || return 0
  exec 9>>"$m_run_dir/muster.lock"
  m_tries=$((m_lock_seconds * 5))
  until flock -n 9 && m_lock_is_there; do
    [ "$m_tries" -gt 0 ] || {
      echo "another run of muster is at work on this node; it holds $m_run_dir/muster.lock" >&2
      exit 75
    }
    m_tries=$((m_tries - 1))
    sleep 0.2 2>/dev/null 9>&- || sleep 1 9>&-
  done
  m_locked=1
}

# On a node that has nothing of muster, nothing is left. A script that nobody listens to any more ends
# before its tasks.
m_leave_lock() {
  [ -z "$m_locked" ] || [ -d "$m_state" ] || rm -f "$m_run_dir/muster.lock" 9>&-
}

# The last role takes the file with it: who waited for that one waits for the next.
m_lock_is_there() {
  if [ "$m_run_dir/muster.lock" -ef /proc/self/fd/9 ] || [ ! -e /proc/self/fd/9 ]; then return; fi
  exec 9>>"$m_run_dir/muster.lock"
  return 1
}

# Sets m_tmp to a new folder where there is room, and m_run_dir to where it is. Asking is not
# enough: to busybox's test, root may write on a read-only disk.
m_make_tmp() {
  m_tried=
  for m_run_dir in "$m_run_dir" "${TMPDIR:-}" /tmp /var/tmp "$m_state"; do
    case $m_run_dir in
      /*) ;;
      *) continue ;;
    esac
    m_tried="$m_tried $m_run_dir"
    m_tmp=$(mktemp -d "$m_run_dir/muster.XXXXXX" 2>/dev/null) || continue
    m_is_full || return 0
    rm -rf "$m_tmp"
  done
  echo "there is no room for temporary files in any of$m_tried" >&2
  exit 1
}

# Where the login names no usable folder, programs and the shell's own here-documents get ours.
m_mend_tmpdir() {
  if [ -n "${TMPDIR:-}" ] && [ -d "$TMPDIR" ] && [ -w "$TMPDIR" ]; then return; fi
  unset TMPDIR
  TMPDIR=$m_tmp
}

m_begin() {
  m_reset
  exec </dev/null
  m_locked=
  umask 077
  PATH=$m_programs${PATH:-/usr/bin:/bin}:/usr/local/sbin:/usr/sbin:/sbin
  LC_ALL=C
  export PATH LC_ALL
  m_make_tmp
  trap 'm_end_guard; rm -rf "$m_tmp" 9>&-; m_leave_lock' EXIT
  trap 'exit 129' HUP INT TERM PIPE
  # For stop_script.
  printf '%s\n' "$$" >"$m_tmp/id.$m_id"
  m_mend_tmpdir
  m_lock
  umask 022
  [ -z "$m_owner" ] || m_hold_machine
  m_ledger=$m_state/kept m_loaded='' m_sub='' m_opening='' m_copies=0 m_firm=$m_nl
  if [ "$m_mode" = apply ] && [ -d "$m_ledger" ] && [ -n "$m_wants_file" ]; then
    m_open_ledger || {
      echo "cannot write to $m_ledger" >&2
      exit 1
    }
  fi
}
