# shellcheck shell=dash

# Loaded, or built in. m_module_there NAME NAME-WITH-UNDERSCORES
m_module_there() {
  if [ -d "/sys/module/$2" ]; then return 0; fi
  m_builtin=/lib/modules/$(uname -r)/modules.builtin
  [ -r "$m_builtin" ] && grep -q -e "/$1\.ko" -e "/$2\.ko" "$m_builtin"
}

# m_module NAME NAME-WITH-UNDERSCORES OPTIONAL
m_module() {
  if ! m_module_there "$1" "$2"; then
    if [ -n "$3" ]; then
      # Where modules are not ours to load, as in a container, this is nothing to change.
      m_dry=
      [ "$m_mode" = apply ] || m_dry=-n
      if [ "$m_mode" = apply ] && ! m_known module "module:$2"; then
        if ! modprobe -q -n "$1" 2>/dev/null; then return; fi
        m_note_once module - "module:$2"
      fi
      if ! modprobe -q $m_dry "$1" 2>/dev/null; then return; fi
      m_change "load the module $1" || :
    elif m_change "load the module $1"; then
      m_note_once module - "module:$2"
      m_do modprobe "$1"
    fi
  fi
  m_kept=/etc/modules-load.d/muster-$1.conf
  m_now=
  if [ -r "$m_kept" ]; then read -r m_now <"$m_kept" || :; fi
  if [ "$m_now" != "$1" ]; then
    if m_change "load $1 at boot"; then
      m_keep_directory /etc/modules-load.d
      m_keep "$m_kept"
      m_told "write $m_kept"
      [ -d /etc/modules-load.d ] || mkdir -p /etc/modules-load.d
      printf '%s\n' "$1" >"$m_kept"
    fi
  fi
}
