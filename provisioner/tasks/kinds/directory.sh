# shellcheck shell=dash disable=SC2174  # those above are root's

# m_directory PATH MODE OWNER GROUP
m_directory() {
  if [ -d "$1" ]; then
    m_attributes "$@"
  elif [ -e "$1" ] || [ -L "$1" ]; then
    m_fail "$1 is in the way: it is no directory"
  elif m_change "create $1"; then
    m_keep_directory "$1"
    m_make_folder "$@"
  fi
}

m_quick_directory() {
  m_is_free "$1" && [ "$3:$4" = root:root ] && m_is_firm "${1%/*}" && m_keep_directory "$1" &&
    m_change "create $1" || return 1
  m_told "mkdir -p -m $2 $1"
  mkdir -p -m "$2" "$1" >"$m_tmp/out.$m_index" 2>&1 9>&-
  m_exit=$?
  [ "$m_exit" -ne 0 ] || m_is_own "$1" root root || m_exit=
}

# A whole directory of somebody is copied before it goes.
m_keep_tree() {
  if [ -n "$m_leaving" ] || m_known dir "$1" || m_known tree "$1" || m_known whole "$1"; then
    return
  fi
  m_name_copy
  m_open_ledger || m_unnoted
  m_by "$1" m_copy_tree "$m_ledger/$m_copied"
  m_note whole "$m_copied" "$1"
  # It may hold any number of files.
  sync
}

# What is mounted below is someone else's data: it is unmounted, never removed. A mount point
# stays, empty.
m_directory_absent() {
  if [ ! -d "$1" ] && [ ! -e "$1" ] && [ ! -L "$1" ]; then return; fi
  if [ ! -d "$1" ] || [ -L "$1" ]; then m_fail "$1 is no directory"; fi
  m_keep=
  if m_mounted "$1"; then
    if [ -z "$(ls -A "$1")" ]; then return; fi
    m_keep=1
  fi
  if m_change "remove $1 and all it holds"; then
    while IFS= read -r m_place; do
      case $m_place in
        '' | "$m_real") ;;
        *) m_do umount "$m_place" ;;
      esac
    done <<EOF
$m_mounts
EOF
    m_keep_tree "$1"
    if [ -n "$m_keep" ]; then
      m_by "$1" m_sweep
    else
      m_told "rm -rf $1"
      m_by "$1" rm -rf
    fi
  fi
}
