# shellcheck shell=dash
# Whose a machine is that was there before muster: the first script of a deployment writes it down
# there, where every user of every machine sees it; it goes with the last role. Its one line has the id
# of the state, and for people who that is.

# Not on the disk yet when the power went: nobody's.
m_read_owner() {
  m_by='' m_who=''
  [ ! -e "$m_state/owner" ] || read -r m_by m_who <"$m_state/owner"
  [ -n "$m_by" ]
}

# A link appears whole and once, also where no flock keeps others out. Where there can be none, or a
# power cut left an empty file, the first line counts.
m_write_owner() {
  [ -d "$m_state" ] || mkdir -p "$m_state" 9>&- || return 1
  printf '%s\n' "$m_owner" >"$m_state/owner.$m_id" || return 1
  if [ -n "$m_by" ]; then
    mv -f "$m_state/owner.$m_id" "$m_state/owner" 9>&-
  else
    ln "$m_state/owner.$m_id" "$m_state/owner" 2>/dev/null 9>&- ||
      [ -s "$m_state/owner" ] || printf '%s\n' "$m_owner" >>"$m_state/owner"
    rm -f "$m_state/owner.$m_id" 9>&-
  fi
  m_read_owner
}

# Of one state nobody else has it: its claims say so. Another deployment of it may be the first that
# comes since an undo was given up.
m_hold_machine() {
  if m_read_owner && [ "$m_by" != "${m_owner%% *}" ]; then
    echo "$m_who has it, as $m_state/owner says" >&2
    exit 76
  fi
  if [ -n "$m_leaving" ] || [ "$m_mode" != apply ] || [ "$m_by $m_who" = "$m_owner" ]; then return; fi
  m_write_owner || {
    echo "cannot write to $m_state/owner" >&2
    exit 1
  }
  [ "$m_by" = "${m_owner%% *}" ] || m_hold_machine
}
