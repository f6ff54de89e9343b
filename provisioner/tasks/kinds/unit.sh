# shellcheck shell=dash

# What systemd has in memory may be older than the disk: asked for this alone, it looks there, if it answers.
m_unit_on_disk() {
  m_linked=disabled
  for m_link in /etc/systemd/system/*.wants/"$1" /etc/systemd/system/*.requires/"$1"; do
    [ ! -L "$m_link" ] || m_linked=enabled
  done
  case $m_file_state/$m_linked in
    enabled/disabled | disabled/enabled)
      m_linked=$(systemctl is-enabled "$1" 2>/dev/null) || :
      m_file_state=${m_linked:-$m_file_state}
      ;;
  esac
}

# One call to systemd tells all: sets m_load, m_active, m_file_state and m_reload. One that systemd
# has yet to start (after others, or again) is inactive until then.
m_unit_show() {
  m_load='' m_active='' m_file_state='' m_reload='' m_fragment='' m_job=''
  m_shown=$(systemctl show -p LoadState,ActiveState,UnitFileState,FragmentPath,NeedDaemonReload,Job "$1")
  while IFS='=' read -r m_key m_value; do
    case $m_key in
      LoadState) m_load=$m_value ;;
      ActiveState) m_active=$m_value ;;
      UnitFileState) m_file_state=$m_value ;;
      FragmentPath) m_fragment=$m_value ;;
      NeedDaemonReload) m_reload=$m_value ;;
      Job) m_job=$m_value ;;
    esac
  done <<EOF
$m_shown
EOF
  case $m_active/$m_job in inactive/?*) m_active=activating ;; esac
  m_unit_on_disk "$1"
  # Of a file that takes the place of the distribution's it says nothing.
  if [ -e "/etc/systemd/system/$1" ] && [ "$m_fragment" != "/etc/systemd/system/$1" ]; then
    m_reload=yes
  fi
}

# As it was before the first change of it, in undo tasks too: what muster found running, and its
# role stops, runs again in the end.
m_unit_keep() { m_note_once unit "$m_file_state/$m_active" "unit:$1"; }

# Called before a change. systemd may not have seen the unit's file, or an older one.
m_unit_reload() {
  if [ "$m_reload" = yes ] || [ "$m_load" != loaded ]; then
    m_do systemctl daemon-reload
    m_reload=no m_load=loaded
  fi
}

# m_unit_do VERB NAME WAIT
m_unit_do() {
  # A unit that failed often in a row does not start until this.
  if [ "$m_active" = failed ] && [ "$1" != stop ]; then systemctl reset-failed "$2" || :; fi
  m_block=
  [ "$3" = true ] || m_block=--no-block
  m_do systemctl $m_block "$1" "$2" || {
    systemctl --no-pager --full -n 0 status "$2" || :
    journalctl --no-pager -q -n 20 -u "$2" || :
    exit 1
  }
}

# m_unit_enable NAME WANTED. What that changes matters at the next boot, so systemd need not read all
# units again; but of those that it has in memory it would go on saying what was before.
m_unit_enable() {
  m_unread=--no-reload
  case $m_active/$2 in
    active/* | */false) [ -n "$m_leaving" ] || m_unread= ;;
  esac
  case $2/$m_file_state in
    true/disabled | true/ | true/indirect)
      if m_change "enable $1"; then
        m_unit_keep "$1"
        m_unit_reload
        m_do systemctl -q $m_unread enable "$1"
      fi
      ;;
    true/masked*) m_fail "$1 is masked: see why, then run 'systemctl unmask $1'" ;;
    false/enabled*)
      if m_change "disable $1"; then
        m_unit_keep "$1"
        m_do systemctl -q $m_unread disable "$1"
      fi
      ;;
  esac
}

m_unit_started() {
  case $m_active/$2 in
    active/* | reloading/* | activating/false)
      # Running, but from an older file: nothing to do until someone restarts it.
      return
      ;;
    activating/true)
      # Someone else's start is under way: only wait for it.
      [ "$m_mode" != apply ] || m_unit_do start "$1" true
      return
      ;;
  esac
  if m_change "start $1"; then
    m_unit_keep "$1"
    m_unit_reload
    m_unit_do start "$1" "$2"
    printf '%s\n' "$m_index" >"$m_tmp/started.$1"
  fi
}

# m_unit_again VERB NAME WAIT IF-RUNNING
m_unit_again() {
  if [ -n "$4" ]; then
    case $m_active in
      active | reloading | activating) ;;
      *) return ;;
    esac
  fi
  # This script started it after the last change that asks for this.
  if [ -n "${m_asked:-}" ] && [ -e "$m_tmp/started.$2" ]; then
    read -r m_started_by <"$m_tmp/started.$2"
    if [ "$m_started_by" -gt "$m_asked" ]; then return; fi
  fi
  if m_change "${1%-or-*} $2"; then
    m_unit_keep "$2"
    m_unit_reload
    m_unit_do "$1" "$2" "$3"
    : >"$m_tmp/restarted"
  fi
}

# m_unit NAME ENABLED STATE WAIT IF-RUNNING
m_unit() {
  if m_is_openrc; then
    m_openrc "$@"
    return
  fi
  command -v systemctl >/dev/null 2>&1 ||
    m_fail "this node has no init system that muster knows (systemd or OpenRC)"
  m_unit_show "$1"
  # It may have come since systemd last looked.
  if [ "$m_load" = not-found ] && [ "$m_mode" = apply ] && [ "$2/$3" != false/stopped ]; then
    systemctl daemon-reload
    m_unit_show "$1"
  fi
  m_unit_enable "$1" "$2"
  case $3 in
    started) m_unit_started "$1" "$4" ;;
    restarted) m_unit_again restart "$1" "$4" "$5" ;;
    reloaded) m_unit_again reload-or-restart "$1" "$4" "$5" ;;
    stopped)
      case $m_active in
        inactive | failed | '') ;;
        *)
          if m_change "stop $1"; then
            m_unit_keep "$1"
            m_unit_do stop "$1" "$4"
            # One that ended badly would stay on the list of failures.
            systemctl reset-failed "$1" 2>/dev/null || :
          fi
          ;;
      esac
      ;;
  esac
}
