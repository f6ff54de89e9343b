# shellcheck shell=dash

# Copies /etc/fstab without the path's line; sets m_now to that line.
m_fstab_without() {
  while IFS= read -r m_line || [ -n "$m_line" ]; do
    set -f
    set -- "$1" $m_line
    set +f
    if [ "${3:-}" = "$1" ] && [ "${2#\#}" = "$2" ]; then
      m_now="$2 $3 ${4:-} ${5:-} ${6:-0} ${7:-0}"
    else
      printf '%s\n' "$m_line" >>"$m_tmp/fstab"
    fi
  done </etc/fstab
}

# Sets m_was to the path's line, and prepares the file without it.
m_fstab_find() {
  : >"$m_tmp/fstab"
  m_now=
  [ ! -e /etc/fstab ] || m_fstab_without "$1"
  m_was=$m_now
}

# m_fstab_put PATH LINE: an empty line takes the path's line away.
m_fstab_put() {
  if [ "$m_was" = "$2" ]; then return; fi
  m_why="take $1 out of /etc/fstab"
  if [ -n "$2" ]; then m_why="put $1 into /etc/fstab"; fi
  if m_change "$m_why"; then
    if [ -z "$m_leaving" ] && ! m_known fstab "$1"; then
      [ -e /etc/fstab ] || m_note_once made - /etc/fstab
      m_note_text fstab "$m_was" "$1"
    fi
    m_told "write /etc/fstab"
    [ -z "$2" ] || printf '%s\n' "$2" >>"$m_tmp/fstab"
    cp "$m_tmp/fstab" /etc/fstab.muster-new
    mv -f /etc/fstab.muster-new /etc/fstab
  fi
}

# m_mount_there TYPE OPTIONS SOURCE PATH: mount follows any link that it finds.
m_mount_there() {
  (
    m_stand "$4"
    m_is_firm "${PWD%/*}" || m_fail "others than root can move $4: mount in a folder of root's"
  )
  m_do mount -t "$1" -o "$2" "$3" "$4"
}

# The file is written last: until then it tells that there is something to do.
# m_mount PATH WRITTEN-PATH LINE SOURCE TYPE OPTIONS
m_mount() {
  m_fstab_find "$2"
  if m_mounted "$1"; then
    # What is mounted was mounted from another line.
    if [ -n "$m_was" ] && [ "$m_was" != "$3" ] && m_change "mount $1 anew"; then
      m_do umount "$1"
      m_mount_there "$5" "$6" "$4" "$1"
    fi
  elif m_change "mount $4 at $1"; then
    m_keep_directory "$1"
    m_note_once mount - "$1"
    m_make_folders "$1"
    m_mount_there "$5" "$6" "$4" "$1"
  fi
  m_fstab_put "$1" "$3"
}

# m_mount_absent PATH WRITTEN-PATH
m_mount_absent() {
  m_fstab_find "$2"
  if m_mounted "$1" && m_change "unmount $1"; then m_do umount "$1"; fi
  m_fstab_put "$1" ''
}
