# shellcheck shell=dash
# What m_put_back does with records of the system, its users and its packages.

m_read_words() {
  m_now=$(cat "$1" 2>/dev/null)
  set -f
  set -- $m_now
  set +f
  m_now=$*
}
m_back_value() {
  [ -e "$m_path" ] && [ -e "$m_ledger/$m_data" ] || return 0
  m_read_words "$m_path"
  m_is=$m_now
  m_read_words "$m_ledger/$m_data"
  if [ "$m_is" = "$m_now" ]; then return 0; fi
  if m_change "set $m_path back to $m_now"; then
    # In a container some are the host's.
    { printf '%s\n' "$m_now" >"$m_path"; } 2>/dev/null || echo "this node does not let us"
  fi
}

m_back_keys() {
  m_name=${m_path#*:}
  m_account "$m_name" || return 0
  m_file=$m_home/.ssh/authorized_keys
  if [ -L "$m_home/.ssh" ] || [ -L "$m_file" ] || [ ! -f "$m_file" ]; then return 0; fi
  grep -q '^# BEGIN muster$' "$m_file" && grep -q '^# END muster$' "$m_file" || return 0
  if m_change "take muster's keys from $m_name"; then
    m_rest_of "$m_file" sed '/^# BEGIN muster$/,/^# END muster$/d' && m_rewrite "$m_data"
  fi
}

# Another module may use it.
m_back_module() {
  [ -d "/sys/module/${m_path#*:}" ] || return 0
  if m_change "unload the module ${m_path#*:}"; then
    rmmod "${m_path#*:}" 2>/dev/null || echo "module ${m_path#*:} is in use, and stays until the next boot"
  fi
}

# The home goes as far as it is what a new user gets.
m_back_home() {
  if [ -d "$m_home" ]; then
    for m_file in /etc/skel/.[!.]* /etc/skel/*; do
      m_at=$m_home/${m_file##*/}
      if [ -f "$m_file" ] && [ -f "$m_at" ] && cmp -s "$m_file" "$m_at"; then m_remove "$m_at"; fi
    done
    m_by "$m_home/.ssh" rmdir 2>/dev/null
    rmdir "$m_home" 2>/dev/null || echo "leave $m_home: it holds what muster did not make"
  fi
  if [ -e "/var/mail/$1" ] && [ ! -s "/var/mail/$1" ]; then rm -f "/var/mail/$1"; fi
}
m_back_user() {
  m_name=${m_path#*:}
  m_account "$m_name" || return 0
  if m_change "remove user $m_name"; then
    m_remove_user "$m_name" || {
      # userdel's code for one whose processes run.
      [ "$?" -eq 8 ] && [ -n "$m_former" ] && m_user_is_busy "$m_name"
      return
    }
    m_back_home "$m_name"
  fi
}
m_remove_user() {
  if command -v userdel >/dev/null 2>&1; then userdel "$1"; else deluser "$1"; fi
}
m_remove_group() {
  if command -v groupdel >/dev/null 2>&1; then groupdel "$1"; else delgroup "$1"; fi
}
# m_back_account OPTION IS
m_back_account() {
  if [ "$2" != "$m_data" ] && m_change "change user $m_name back to $m_data"; then
    usermod "$1" "$m_data" "$m_name"
  fi
}
m_back_shell() {
  m_name=${m_path#*:}
  if m_account "$m_name"; then m_back_account -s "$m_shell"; fi
}
m_back_former_home() {
  m_name=${m_path#*:}
  if m_account "$m_name"; then m_back_account -d "$m_home"; fi
}
m_leave_group() {
  if command -v gpasswd >/dev/null 2>&1; then gpasswd -d "$1" "$2"; else delgroup "$1" "$2"; fi
}
m_back_member() {
  m_name=${m_path#*:}
  # An account of muster's goes with its groups.
  if m_known user "$m_path" && ! m_has_line "$m_wanted" "$m_path"; then return 0; fi
  while IFS=: read -r m_group m_ m_ m_users; do
    case "$m_group:,$m_users," in
      "$m_data":*",$m_name,"*)
        if m_change "take $m_name out of group $m_data"; then m_leave_group "$m_name" "$m_data"; fi
        return
        ;;
    esac
  done </etc/group
}

m_back_mount() {
  if m_mounted "$m_path" && m_change "unmount $m_path"; then umount "$m_path"; fi
}
m_back_fstab() {
  [ -e "$m_ledger/$m_data" ] || return 0
  m_escaped=$(printf '%s' "$m_path" | sed -e 's/\\/\\134/g' -e 's/ /\\040/g' -e 's/	/\\011/g')
  (
    m_fstab_find "$m_escaped"
    m_fstab_put "$m_path" "$(cat "$m_ledger/$m_data")"
  )
}

# Whether purging a package takes data that was there before the role.
m_would_take() {
  [ -s "$m_tmp/kept" ] && grep -qsF -f "$m_tmp/kept" "/var/lib/dpkg/info/$1.postrm"
}

# m_packages_behind_FAMILY NAME: what is installed under another name, by what it provides or its
# version.
m_packages_behind_apt() {
  dpkg-query -W -f "\${db:Status-Status}:\${Package}, \${Provides},$m_nl" |
    sed -n "s/^installed:\([^,]*\),.* $1[ ,].*/package:\1/p"
}
m_packages_behind_dnf() {
  rpm -q --qf 'package:%{NAME}\n' "$1" || rpm -q --qf 'package:%{NAME}\n' --whatprovides "$1"
}
m_packages_behind_apk() {
  for m_file in /lib/apk/db/installed /usr/lib/apk/db/installed; do
    [ ! -r "$m_file" ] || awk -v name="$1" '
      /^P:/ { package = substr($0, 3) }
      /^p:/ {
        count = split(substr($0, 3), provided, " ")
        for (i = 1; i <= count; ++i) {
          sub(/[=<>~].*/, "", provided[i])
          if (provided[i] == name) print "package:" package
        }
      }' "$m_file"
  done
}

# Roles that stay may want a package by such a name.
m_packages_wanted() {
  m_package_know_family
  while IFS= read -r m_line; do
    case $m_line in
      package:*)
        m_wanted="$m_wanted$("m_packages_behind_$m_family" "${m_line#*:}" 2>/dev/null)$m_nl"
        ;;
    esac
  done <<EOF
$m_wanted
EOF
}

# What came with muster's packages is gathered, and goes when all of it is known.
m_back_came() {
  case $m_path in
    package:*)
      # What was there before must not go with a package.
      if [ "$m_data" = conf ] || m_would_take "${m_path#*:}"; then
        m_plain="$m_plain ${m_path#*:}"
      else
        m_purged="$m_purged ${m_path#*:}"
      fi
      ;;
    user:*) m_came_who="$m_path $m_came_who" ;;
    *) m_came_who="$m_came_who $m_path" ;;
  esac
}

# dpkg, rpm and apk leave alone what something else needs, as apt and dnf would not.
m_packages_take_apt() {
  export DEBIAN_FRONTEND=noninteractive
  # Also what was cut while it was being unpacked.
  [ -z "$m_plain" ] || dpkg --force-remove-reinstreq --remove $m_plain
  [ -z "$m_purged" ] || dpkg --force-remove-reinstreq --purge $m_purged
  for m_name in $m_plain $m_purged; do rm -f "/var/cache/apt/archives/${m_name}"_*.deb; done
}
# It takes all of them or none.
m_packages_take_dnf() {
  m_more=1
  if rpm -e $m_left; then m_more=; fi
  while [ -n "$m_more" ]; do
    m_more=
    for m_name in $m_left; do
      if rpm -q --quiet "$m_name" && rpm -e "$m_name"; then m_more=1; fi
    done
  done
}
m_packages_take_apk() { apk del --wait 60 $m_left; }

# Sets m_left to those that are still there.
m_packages_left() {
  m_inventory >"$m_tmp/inventory"
  m_left=
  for m_name in $m_plain $m_purged; do
    if grep -qxF "package:$m_name" "$m_tmp/inventory"; then m_left="$m_left $m_name"; fi
  done
}

# Sets m_busy when another manager has the lock.
m_packages_take() {
  m_packages_await 10
  "m_packages_take_$m_family" >"$m_tmp/taken" 2>&1
  m_packages_left
  m_busy=
  [ -z "$m_left" ] ||
    ! grep -qE 'lock was locked|transaction lock|lock database' "$m_tmp/taken" || m_busy=1
}

# What could not go yet stays on record, and who came with it. m_packages_later [FAILED]
m_packages_later() {
  for m_name in $m_left; do m_came_who="$m_came_who package:$m_name"; done
  for m_key in $m_came_who; do
    grep -F " came $m_key" "$m_tmp/go" >>"$m_tmp/stay"
    [ -z "${1-}" ] || m_failed="$m_failed$m_key$m_nl"
  done
  m_came_who=
}

# Whether a firewalld that runs began when iptables was there: without it, its next reload fails, and lets
# nobody in from then on.
m_firewalld_uses_iptables() {
  m_has systemctl && m_has iptables-restore && systemctl -q is-active firewalld.service || return 1
  m_since=$(date -d "$(systemctl show -p ActiveEnterTimestamp --value firewalld.service)" +%s) &&
    [ "$m_since" -ge "$(stat -c %Z "$(command -v iptables-restore)")" ]
}

m_back_packages() {
  m_packages_left
  if [ -n "$m_left" ] && m_change "remove$m_left"; then
    m_taken=1 m_again=
    if m_firewalld_uses_iptables; then m_again=1; fi
    for m_try in 1 2 3 4 5 6 7 8 9 10 11 12; do
      m_packages_take
      [ -n "$m_busy" ] || break
      sleep 1
    done
    if [ -n "$m_again" ] && ! m_has iptables-restore; then m_do systemctl restart firewalld.service; fi
    if [ -n "$m_busy" ]; then
      echo "the package manager is busy, and keeps these:$m_left"
      tail -n 3 "$m_tmp/taken"
      m_packages_later failed
    elif [ -n "$m_left" ]; then
      echo "these stay, as others need them or they cannot be removed:$m_left"
      tail -n 20 "$m_tmp/taken"
      # Who needs them may go with the role.
      [ -z "$m_former" ] || m_packages_later
    fi
  fi
  for m_key in $m_came_who; do
    m_name=${m_key#*:}
    case $m_key in
      user:*) grep -q "^$m_name:" /etc/passwd || continue ;;
      *) grep -q "^$m_name:" /etc/group || continue ;;
    esac
    if [ -z "$m_left" ] && m_change "remove ${m_key%%:*} $m_name"; then
      "m_remove_${m_key%%:*}" "$m_name" || echo "${m_key%%:*} $m_name stays"
    fi
  done
  m_plain='' m_purged='' m_came_who=''
}
m_back_gone() {
  (
    set -e
    m_package present true "${m_path#*:}"
  )
}

m_back_image() {
  command -v ctr >/dev/null 2>&1 || return 0
  m_name=${m_path#*:}
  m_images=$(timeout 10 ctr -n k8s.io images ls -q 2>/dev/null) || return 0
  case "$m_nl$m_images$m_nl" in
    *"$m_nl$m_name$m_nl"*)
      if m_change "remove the image $m_name"; then ctr -n k8s.io images rm "$m_name"; fi
      ;;
  esac
}
