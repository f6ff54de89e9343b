# shellcheck shell=dash

# Sets m_here to those of the packages that are installed, each between spaces and behind $m_mark.
m_package_find() {
  m_package_know_family
  "m_package_find_$m_family" "$@"
}

# m_package_run install|remove PACKAGE...
m_package_run() {
  [ -z "${m_http_proxy:-}" ] || export http_proxy="$m_http_proxy"
  [ -z "${m_https_proxy:-}" ] || export https_proxy="$m_https_proxy"
  [ -z "${m_no_proxy:-}" ] || export no_proxy="$m_no_proxy"
  "m_package_run_$m_family" "$@"
}

# A manager may end well without having done it: yum passes over names that it does not know, apk
# keeps what others need.
m_package_made() {
  m_package_find "$@"
  for m_package; do
    case $m_here in
      *" $m_mark${m_package%%:*} "*) m_is=present ;;
      *) m_is=absent ;;
    esac
    [ "$m_is" = "$m_state_wanted" ] || m_fail "$m_package is still $m_is: see above what was said of it"
  done
}

# Debian enables services as well: those that are not to start now would at the next boot.
m_package_keep_down() {
  m_units=
  for m_package; do
    m_units="$m_units $(sed -nE 's,^(/usr)?/lib/systemd/system/([^/@]+[.]service)$,\2,p' \
      "/var/lib/dpkg/info/${m_package%%[:=]*}.list" 2>/dev/null | tr '\n' ' ')"
  done
  [ -z "${m_units# }" ] || ! m_has systemctl || m_do systemctl -q disable $m_units
}

# m_package STATE START PACKAGE...
m_package() {
  m_state_wanted=$1 m_start=$2 m_mark='' m_present='' m_missing=''
  shift 2
  [ "$#" -gt 0 ] || return 0
  m_package_find "$@"
  for m_package; do
    case $m_here in
      *" $m_mark${m_package%%:*} "*) m_present="$m_present $m_package" ;;
      *) m_missing="$m_missing $m_package" ;;
    esac
  done
  if [ "$m_state_wanted" = present ] && [ -n "$m_missing" ]; then
    if m_change "install$m_missing"; then
      m_packages_before $m_missing
      m_packages_bring m_package_run install $m_missing
      m_package_made $m_missing
      m_packages_after
      [ "$m_start" = true ] || [ "$m_family" != apt ] || m_package_keep_down $m_missing
    fi
  elif [ "$m_state_wanted" = absent ] && [ -n "$m_present" ]; then
    if m_change "remove$m_present"; then
      [ -n "$m_leaving" ] ||
        for m_package in $m_present; do m_note_once gone - "package:${m_package%%:*}"; done
      m_package_run remove $m_present
      m_package_made $m_present
    fi
  fi
}

# m_package_of STATE START {--FAMILY PACKAGE...}...
m_package_of() {
  m_package_know_family
  m_state_wanted=$1 m_start=$2 m_own='' m_of='' m_known=''
  shift 2
  for m_word; do
    case $m_word in
      --*) m_of=${m_word#--} m_known="$m_known $m_of" ;;
      *) [ "$m_of" != "$m_family" ] || m_own="$m_own $m_word" ;;
    esac
  done
  case "$m_known " in
    *" $m_family "*) ;;
    *) m_fail "this node has the packages of '$m_family', and the task names some for$m_known only" ;;
  esac
  [ -z "$m_own" ] || m_package "$m_state_wanted" "$m_start" $m_own
}
