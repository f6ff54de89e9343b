# shellcheck shell=dash
# What m_put_back does with records of SELinux.

m_back_context() {
  m_has semanage || return 0
  m_at=${m_path#context:}
  m_pattern=$(printf '%s' "$m_at" | sed 's/[.]/\\./g')'(/.*)?'
  semanage fcontext -l -C -n | sed 's/ .*//' | grep -qxF -e "$m_pattern" || return 0
  if m_change "take away the label of $m_at"; then
    semanage fcontext -d "$m_pattern" || return 1
    [ ! -e "$m_at" ] || restorecon -R "$m_at"
  fi
}

m_back_boolean() {
  m_name=${m_path#boolean:}
  case $(getsebool "$m_name" 2>/dev/null) in
    '' | *" $m_data") return 0 ;;
  esac
  if m_change "set SELinux's boolean $m_name back to $m_data"; then setsebool -P "$m_name" "$m_data"; fi
}
