# shellcheck shell=dash
# m_package_family, m_is_openrc, m_selinux_is_on; in the facts script too.

# dash and busybox remember a program that was removed since.
m_has() {
  hash -r
  command -v "$1" >/dev/null 2>&1
}

# Sets m_family to apt, dnf or apk, or to nothing: what the system says it is, if it has that one's
# database (Debian may have rpm as well, Fedora dpkg); else the first that is there.
m_package_family() {
  ID='' ID_LIKE='' m_family=''
  [ ! -r /etc/os-release ] || . /etc/os-release
  case " $ID $ID_LIKE " in
    *' debian '* | *' ubuntu '*) ! m_has dpkg-query || m_family=apt ;;
    *' fedora '* | *' rhel '* | *' centos '*) ! m_has rpm || m_family=dnf ;;
    *' alpine '*) ! m_has apk || m_family=apk ;;
  esac
  if [ -n "$m_family" ]; then return; fi
  if m_has dpkg-query; then
    m_family=apt
  elif m_has rpm; then
    m_family=dnf
  elif m_has apk; then
    m_family=apk
  fi
}

m_is_openrc() { [ ! -d /run/systemd/system ] && m_has rc-service; }

m_selinux_is_on() { m_has selinuxenabled && selinuxenabled; }
