# shellcheck shell=dash disable=SC2174  # /etc is there

# A group of the system, of the user's name.
m_user_own_group() {
  while IFS=: read -r m_group m_; do
    [ "$m_group" != "$1" ] || return 0
  done </etc/group
  m_do addgroup -S "$1"
}

# m_user_create NAME SHELL HOME SYSTEM: a user of the system has a home where one is named.
m_user_create() {
  if command -v useradd >/dev/null 2>&1; then
    m_with_home=-m
    [ -z "$4" ] || [ -n "$3" ] || m_with_home=-M
    m_do useradd $m_with_home -s "$2" ${3:+-d "$3"} ${4:+-r -U} "$1"
  else
    command -v adduser >/dev/null 2>&1 ||
      m_fail "creating user $1 needs useradd (package shadow) or adduser"
    [ -z "$4" ] || m_user_own_group "$1"
    m_with_home=
    [ -z "$4" ] || [ -n "$3" ] || m_with_home=-H
    m_do adduser -D $m_with_home -s "$2" ${3:+-h "$3"} ${4:+-S -G "$1"} "$1"
  fi
  # No password fits "*". "!", the default, also makes some sshd refuse the user's keys.
  printf '%s:*\n' "$1" | chpasswd -e
}

# m_user_modify NAME OPTION VALUE
m_user_modify() {
  command -v usermod >/dev/null 2>&1 || m_fail "changing user $1 needs usermod (package shadow)"
  m_do usermod "$2" "$3" "$1"
}

m_user_join() {
  if command -v usermod >/dev/null 2>&1; then
    m_do usermod -a -G "$2" "$1"
  else
    command -v addgroup >/dev/null 2>&1 ||
      m_fail "adding $1 to group $2 needs usermod (package shadow) or addgroup"
    m_do addgroup "$1" "$2"
  fi
}

# Sets m_member to yes, no, or none when there is no such group.
m_user_member() {
  m_member=none
  while IFS=: read -r m_group m_ m_group_id m_users; do
    if [ "$m_group" = "$2" ]; then
      case ",$m_users," in
        *",$1,"*) m_member=yes ;;
        *) m_member=no ;;
      esac
      if [ "$m_group_id" = "${m_gid:-}" ]; then m_member=yes; fi
    fi
  done </etc/group
}

# m_user_sudo NAME WANTED
m_user_sudo() {
  m_rule="$1 ALL=(ALL) NOPASSWD:ALL"
  m_path=/etc/sudoers.d/muster-$1
  m_now=
  if [ -f "$m_path" ]; then read -r m_now <"$m_path" || :; fi
  if [ "$2" = true ] && [ "$m_now" != "$m_rule" ]; then
    if m_change "let $1 use sudo"; then
      m_keep_directory /etc/sudoers.d
      m_keep "$m_path"
      m_told "write $m_path"
      [ -d /etc/sudoers.d ] || mkdir -p -m 750 /etc/sudoers.d
      # sudo passes over names with a dot: the file counts only when it is whole.
      (umask 337 && printf '%s\n' "$m_rule" >"$m_path.new")
      mv -f "$m_path.new" "$m_path"
    fi
  elif [ "$2" = false ] && [ -f "$m_path" ]; then
    if m_change "take sudo away from $1"; then
      m_keep_gone "$m_path"
      m_do rm -f "$m_path"
    fi
  fi
}

# What is muster's own goes whole. m_user_keep WHAT DATA NAME
m_user_keep() { m_known user "user:$3" || m_note_once "$1" "$2" "user:$3"; }

# m_user NAME SHELL HOME SYSTEM SUDO SHELL-WRITTEN GROUP...
m_user() {
  m_gid=
  if m_account "$1"; then
    if [ -n "$6" ] && [ "$m_shell" != "$2" ]; then
      if m_change "change the shell of $1 to $2"; then
        m_user_keep shell "$m_shell" "$1"
        m_user_modify "$1" -s "$2"
      fi
    fi
    if [ -n "$3" ] && [ "$m_home" != "$3" ]; then
      if m_change "change the home of $1 to $3"; then
        m_user_keep home "$m_home" "$1"
        m_user_modify "$1" -d "$3"
      fi
    fi
  elif m_change "create user $1"; then
    m_user_keep user - "$1"
    m_login=$2
    if [ -z "$6" ] && [ ! -x "$2" ]; then m_login=/bin/sh; fi
    m_user_create "$1" "$m_login" "$3" "$4"
    m_account "$1"
  fi
  m_user_sudo "$1" "$5"
  m_user=$1
  shift 6
  for m_wanted; do
    m_user_member "$m_user" "$m_wanted"
    if [ "$m_member" != yes ]; then
      if m_change "add $m_user to group $m_wanted"; then
        [ "$m_member" = none ] || m_note_once "member:$m_wanted" "$m_wanted" "user:$m_user"
        m_user_join "$m_user" "$m_wanted"
      fi
    fi
  done
}

m_user_absent() {
  m_user_sudo "$1" false
  if m_account "$1" && m_change "remove user $1 and its home"; then
    if command -v userdel >/dev/null 2>&1; then
      m_do userdel -r "$1"
    else
      command -v deluser >/dev/null 2>&1 ||
        m_fail "removing user $1 needs userdel (package shadow) or deluser"
      m_do deluser --remove-home "$1"
    fi
  fi
}
