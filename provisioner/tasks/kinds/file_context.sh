# shellcheck shell=dash
# Needs selinux.sh.

# What comes later inherits from its folder. m_file_context PATH TYPE PATTERN
m_file_context() {
  m_selinux_is_on || return 0
  m_has semanage || m_fail "SELinux is enabled, and there is no semanage to label $1 with: install" \
    "policycoreutils-python-utils (RHEL and theirs) or semanage-utils (Debian)"
  case $(matchpathcon -n "$1") in
    *:"$2":*) ;;
    *)
      if m_change "label $1 as $2"; then
        m_note_once context - "context:$1"
        m_do semanage fcontext -a -t "$2" "$3"
      fi
      ;;
  esac
  if [ -e "$1" ] && [ -n "$(restorecon -R -n -v "$1")" ]; then
    if m_change "give $1 and what is below it their labels"; then m_do restorecon -R "$1"; fi
  fi
}
