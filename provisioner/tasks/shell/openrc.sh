# shellcheck shell=dash
# Units on a node that has OpenRC: m_openrc; needs family.sh.

# Sets m_service to OpenRC's name of a unit, m_levels to the runlevels that it is in, and m_active to
# what systemd would say of it.
m_openrc_look() {
  case $1 in
    *.service) m_service=${1%.service} ;;
    *) m_fail "this node has OpenRC, which has services only: there is no $1" ;;
  esac
  m_levels='' m_status=0
  for m_file in /etc/runlevels/*/"$m_service"; do
    if [ -L "$m_file" ] || [ -e "$m_file" ]; then
      m_file=${m_file%/*}
      m_levels="$m_levels ${m_file##*/}"
    fi
  done
  if rc-service -e "$m_service" >/dev/null 2>&1; then
    rc-service "$m_service" status >/dev/null 2>&1 || m_status=$?
  else
    m_status=3
  fi
  case $m_status in
    0) m_active=active ;;
    8 | 16) m_active=activating ;;
    # It crashed, or what supervised it did.
    32 | 64) m_active=failed ;;
    *) m_active=inactive ;;
  esac
}

# As m_unit_keep.
m_openrc_keep() {
  m_known unit "unit:$1" && return
  m_was_in=
  for m_level in $m_levels; do m_was_in="$m_was_in,$m_level"; done
  m_note unit "rc:${m_was_in#,}/$m_active" "unit:$1"
}

# m_openrc_do VERB: one that crashed still counts as started until this.
m_openrc_do() {
  if [ "$m_active" = failed ]; then rc-service -q "$m_service" zap || :; fi
  m_do rc-service -q "$m_service" "$1"
}

# m_openrc_enable NAME WANTED
m_openrc_enable() {
  case $2/$m_levels in
    true/)
      if m_change "enable $1"; then
        m_openrc_keep "$1"
        m_do rc-update -q add "$m_service" default
      fi
      ;;
    false/?*)
      if m_change "disable $1"; then
        m_openrc_keep "$1"
        for m_level in $m_levels; do m_do rc-update -q del "$m_service" "$m_level"; done
      fi
      ;;
  esac
}

# m_openrc_again VERB NAME IF-RUNNING
m_openrc_again() {
  if [ -n "$3" ] && [ "$m_active" != active ] && [ "$m_active" != activating ]; then return; fi
  # This script started it after the last change that asks for this.
  if [ -n "${m_asked:-}" ] && [ -e "$m_tmp/started.$2" ]; then
    read -r m_started_by <"$m_tmp/started.$2"
    if [ "$m_started_by" -gt "$m_asked" ]; then return; fi
  fi
  if m_change "$1 $2"; then
    m_openrc_keep "$2"
    m_verb=restart
    if [ "$1/$m_active" = reload/active ]; then
      # Without a description of its own it is told on stderr.
      case $(rc-service "$m_service" describe 2>&1) in
        *'* reload:'*) m_verb=reload ;;
      esac
    fi
    m_openrc_do "$m_verb"
  fi
}

# m_openrc NAME ENABLED STATE WAIT IF-RUNNING, as m_unit. OpenRC always waits.
m_openrc() {
  m_openrc_look "$1"
  m_openrc_enable "$1" "$2"
  case $3/$m_active in
    started/inactive | started/failed)
      if m_change "start $1"; then
        m_openrc_keep "$1"
        m_openrc_do start
        printf '%s\n' "$m_index" >"$m_tmp/started.$1"
      fi
      ;;
    restarted/*) m_openrc_again restart "$1" "$5" ;;
    reloaded/*) m_openrc_again reload "$1" "$5" ;;
    stopped/active | stopped/activating)
      if m_change "stop $1"; then
        m_openrc_keep "$1"
        m_openrc_do stop
      fi
      ;;
  esac
}
