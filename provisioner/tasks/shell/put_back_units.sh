# shellcheck shell=dash
# What m_put_back does with records of units.

# A unit goes down before its files do.
m_unit_down() {
  m_name=${m_path#*:}
  case $m_data in
    rc:*)
      m_openrc_down
      return
      ;;
  esac
  # Undo tasks leave it to us to tell systemd.
  m_reread=1
  m_unit_show "$m_name"
  case $m_data/$m_active in
    */active/* | */activating/* | */reloading/*) ;;
    */active | */activating | */reloading)
      if m_change "stop $m_name"; then systemctl stop "$m_name" || return 1; fi
      ;;
  esac
  case $m_data/$m_file_state in
    enabled*) ;;
    */enabled)
      if m_change "disable $m_name"; then systemctl -q --no-reload disable "$m_name" || return 1; fi
      ;;
  esac
}

# And up again, if it was, when they are back.
m_unit_up() {
  m_name=${m_path#*:}
  case $m_data in
    rc:*)
      m_openrc_up
      return
      ;;
  esac
  m_unit_show "$m_name"
  if [ "$m_load" != loaded ]; then
    [ "$m_active" != failed ] || systemctl reset-failed "$m_name"
    return 0
  fi
  case $m_data/$m_file_state in
    enabled*/disabled)
      if m_change "enable $m_name"; then systemctl -q --no-reload enable "$m_name" || return 1; fi
      ;;
  esac
  case $m_data in
    */active | */activating | */reloading)
      if m_change "start $m_name as before"; then systemctl restart "$m_name"; fi
      ;;
  esac
}

# Sets m_was_in to the runlevels that it was in, each between commas, and m_was to what it did.
m_openrc_was() {
  m_openrc_look "$m_name"
  m_was=${m_data##*/}
  m_was_in=${m_data#rc:}
  m_was_in=,${m_was_in%/*},
}
m_openrc_down() {
  m_openrc_was
  case $m_was/$m_active in
    active/* | activating/*) ;;
    */active | */activating)
      if m_change "stop $m_name"; then rc-service -q "$m_service" stop || return 1; fi
      ;;
    */failed) rc-service -q "$m_service" zap ;;
  esac
  for m_level in $m_levels; do
    case $m_was_in in
      *",$m_level,"*) continue ;;
    esac
    if m_change "disable $m_name"; then
      rc-update -q del "$m_service" "$m_level" || return 1
    fi
  done
}
m_openrc_up() {
  m_openrc_was
  rc-service -e "$m_service" >/dev/null 2>&1 || return 0
  m_rest=${m_was_in#,}
  while [ -n "${m_rest%,}" ]; do
    m_level=${m_rest%%,*} m_rest=${m_rest#*,}
    case " $m_levels " in
      *" $m_level "*) continue ;;
    esac
    if m_change "enable $m_name"; then
      rc-update -q add "$m_service" "$m_level" || return 1
    fi
  done
  case $m_was in
    active | activating)
      if m_change "start $m_name as before"; then rc-service -q "$m_service" restart; fi
      ;;
  esac
}
