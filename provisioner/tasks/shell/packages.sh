# shellcheck shell=dash disable=SC2046,SC2120  # words; put_back_system.sh gives one
# What packages bring is written down: m_packages_before, m_packages_after.

m_packages_listed_apt() {
  dpkg-query -W -f "\${db:Status-Status}:\${Package}$m_nl" |
    sed -n -e '/^not-installed:/d' -e '/^config-files:/{s//conf:/p;d;}' -e 's/^[a-z-]*:/package:/p'
}
m_packages_listed_dnf() { rpm -qa --qf 'package:%{NAME}\n'; }
m_packages_listed_apk() { apk info -q | sed 's/^/package:/'; }

# One key a line: what is installed, what left its configuration behind, and who is who.
m_inventory() {
  m_package_know_family
  "m_packages_listed_$m_family"
  sed -n 's/^\([^:]*\):.*/user:\1/p' /etc/passwd
  sed -n 's/^\([^:]*\):.*/group:\1/p' /etc/group
}

# A manager whose script was killed goes on, and what it brings is ours.
m_packages_await() {
  m_tries=${1:-60}
  while [ "$m_tries" -gt 0 ]; do
    m_busy=
    for m_process in /proc/[0-9]*/comm; do
      { read -r m_comm <"$m_process"; } 2>/dev/null || continue
      case $m_comm in
        apt-get | dpkg | dnf | yum | rpm | apk) m_busy=1 ;;
      esac
    done
    [ -n "$m_busy" ] || return 0
    m_tries=$((m_tries - 1))
    sleep 1
  done
}

# m_packages_keep_configuration SINCE PACKAGE...: Debian's take their configuration along when they
# go, also what was there before that file was written.
m_packages_keep_configuration() {
  m_since=$1
  shift
  [ "$m_family" = apt ] && [ $# -gt 0 ] || return 0
  dpkg-query -W -f '${Conffiles}' "$@" >"$m_tmp/conffiles"
  while read -r m_conf m_rest; do
    [ -f "$m_conf" ] && m_newer=$(find "$m_conf" -cnewer "$m_since") && [ -z "$m_newer" ] || continue
    m_keep_mode "${m_conf%/*}" $(stat -c '%a %u %g' "${m_conf%/*}")
    m_note_once before - "$m_conf"
    m_keep "$m_conf" -
  done <"$m_tmp/conffiles"
}

# m_packages_before PACKAGE...: what there was is kept until it is known what came: also by the next
# script, when this one is cut. $m_file.asked has the role, what it asks for, and what apt brings along.
m_packages_before() {
  m_packages_unfinished
  m_name_copy
  m_open_ledger || m_unnoted
  m_inventory >"$m_ledger/$m_copied.new"
  m_open=$m_ledger/$m_copied.packages
  {
    printf '%s\n' "$m_role"
    for m_package; do printf 'package:%s\n' "${m_package%%[:=<>~]*}"; done
  } >"$m_open.asked"
  mv -f "$m_ledger/$m_copied.new" "$m_open"
  m_note packages "$m_copied" "packages:$m_copied"
}

# m_packages_bring CALL...: runs the manager, and notes what there is when it has ended: a manager goes
# on when its script is killed, and its companion with it.
m_packages_bring() {
  (
    set +e
    trap : HUP INT TERM PIPE
    read -r m_pid m_ </proc/self/stat
    printf '%s\n' "$m_pid" >"$m_open.companion"
    (
      set -e
      "$@"
    )
    m_code=$?
    m_inventory >"$m_open.new" && mv -f "$m_open.new" "$m_open.after"
    exit "$m_code"
  )
}

m_packages_unfinished() {
  for m_file in "$m_ledger"/*.packages; do
    [ -s "$m_file" ] && [ ! -e "$m_file.after" ] || continue
    m_packages_await
    m_pid=
    [ ! -e "$m_file.companion" ] || read -r m_pid <"$m_file.companion" || :
    m_tries=60
    while [ -n "$m_pid" ] && [ ! -e "$m_file.after" ] && kill -0 "$m_pid" 2>/dev/null &&
      [ "$m_tries" -gt 0 ]; do
      m_tries=$((m_tries - 1))
      sleep 1
    done
  done
  m_packages_after
}

# Of a manager whose end nobody saw, only what it was asked for and brought along is known to be ours:
# others may have installed something since.
m_packages_came() {
  if [ -e "$1.after" ]; then
    grep -vxF -f "$1" "$1.after" || :
  elif [ -e "$1.asked" ]; then
    m_inventory >"$m_tmp/inventory"
    grep -vxF -f "$1" "$m_tmp/inventory" | grep -xF -f "$1.asked" || :
  fi
}

# m_packages_close INVENTORY
m_packages_close() {
  m_packages_came "$1" >"$m_tmp/came"
  m_inventory_file=$1
  set --
  while IFS= read -r m_came; do
    m_had=-
    case $m_came in
      conf:*) continue ;;
      package:*)
        ! grep -qxF "conf:${m_came#*:}" "$m_inventory_file" || m_had=conf
        set -- "$@" "${m_came#*:}"
        ;;
    esac
    m_known came "$m_came" || m_note came "$m_had" "$m_came"
  done <"$m_tmp/came"
  m_packages_keep_configuration "$m_inventory_file" "$@"
}

m_packages_after() {
  for m_file in "$m_ledger"/*.packages; do
    [ -s "$m_file" ] || continue
    m_by=$m_role
    [ ! -e "$m_file.asked" ] || read -r m_by <"$m_file.asked" || :
    if [ "$m_by" = "$m_role" ]; then
      m_packages_close "$m_file"
    else
      (
        m_role=$m_by
        m_packages_close "$m_file"
      )
      m_load_log
    fi
    : >"$m_file"
    rm -f "$m_file".*
  done
}
