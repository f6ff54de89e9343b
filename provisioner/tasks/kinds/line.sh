# shellcheck shell=dash
# The line itself may be a secret: it goes to grep on stdin, never in its arguments.

# The lines of PATH that the task is about: those that match, else those that are the line.
# m_line_find OPTION PATH LINE MATCH
m_line_find() {
  if [ ! -f "$2" ]; then
    return
  elif [ -n "$4" ]; then
    grep "$1" -e "$4" "$2" || [ "$?" -eq 1 ]
  else
    grep "$1" -xF -f - "$2" <<EOF || [ "$?" -eq 1 ]
$3
EOF
  fi
}

# m_line_has PATH LINE
m_line_has() {
  if [ "$m_lines_read" = missing ] || [ ! -f "$1" ]; then return 1; fi
  m_code=0
  grep -qxF -f - "$1" <<EOF || m_code=$?
$2
EOF
  case $m_code in
    0 | 1) return "$m_code" ;;
    *) exit "$m_code" ;;
  esac
}

# m_line_open PATH: sets m_real to where it leads, and m_source to the file to read, where users may
# write a copy. A new file is empty.
m_line_open() {
  m_real=$1
  if [ -L "$1" ] && m_is_firm "${1%/*}"; then m_real=$(readlink -f "$1"); fi
  m_source=$m_real
  if m_is_firm "${m_real%/*}"; then
    [ -e "$m_real" ] || : >"$m_real"
    return
  fi
  m_source=$m_tmp/held
  if [ -e "$m_real" ] || [ -L "$m_real" ]; then
    m_hold "$m_real" "$m_source"
  else
    rm -f "$m_source"
    : >"$m_source"
  fi
}

# Makes $m_new of $m_tmp/lines, or with one more line.
m_line_here() {
  cp -p "$m_source" "$m_new" || return
  if [ -n "$1" ]; then
    printf '%s\n' "$1" >>"$m_new"
  else
    cat "$m_tmp/lines" >"$m_new"
  fi
}

# m_line_replace [LINE]: puts $m_tmp/lines in place, or one more line, and keeps the file's mode and
# owner, and a link to it.
m_line_replace() {
  m_told "write $m_real"
  if [ -n "$m_whole" ]; then
    m_sums=$(sha256sum <"$m_tmp/lines")
    m_keep "$m_real" "${m_sums%% *}"
  fi
  if [ "$m_source" != "$m_real" ]; then
    m_in_workshop "$m_real" m_line_here "$1"
    return
  fi
  m_new=$m_real.muster-new
  if [ -e "$m_new" ] || [ -L "$m_new" ]; then rm -f "$m_new"; fi
  m_line_here "$1"
  # A file that is a mount point, as /etc/hosts in a container is, cannot be replaced.
  mv -f "$m_new" "$m_real" 2>/dev/null || {
    cat "$m_new" >"$m_real"
    rm -f "$m_new"
  }
}

m_line_append() {
  if [ ! -s "$1" ]; then
    printf '%s\n' "$2"
    return
  fi
  cat "$1"
  # The last line may lack its end.
  [ -z "$(tail -c 1 "$1")" ] || echo
  printf '%s\n' "$2"
}

# The first line found becomes the line, the others go.
m_line_change() {
  m_first=$(m_line_find -n "$@" | head -n 1)
  m_first=${m_first%%:*}
  [ "$m_first" -eq 1 ] || head -n "$((m_first - 1))" "$1"
  printf '%s\n' "$2"
  tail -n "+$((m_first + 1))" "$1" | grep -v -e "$3" || [ "$?" -eq 1 ]
}

# m_line_keep PATH LINE: a line more can go by itself, whatever others come. Whether the last line
# had an end matters then.
m_line_keep() {
  if [ ! -e "$1" ]; then
    m_note_once made - "$1"
  elif [ -n "$m_found" ]; then
    return
  fi
  if [ "$m_lines_read" != missing ] && [ -s "$1" ] && [ -n "$(tail -c 1 "$1")" ]; then
    m_note_text open-line "$2" "$1"
  else
    m_note_text line "$2" "$1"
  fi
}

# m_line PATH LINE MATCH
m_line() {
  m_found=
  [ -z "$3" ] || m_lines_read=
  if [ -n "$3" ]; then
    m_found=$(m_line_find -h "$@")
    if [ "$m_found" = "$2" ]; then return; fi
  fi
  # Nor does a line that its own match does not find come again and again.
  if [ -z "$m_found" ] && m_line_has "$1" "$2"; then return; fi
  if m_change "put a line into $1"; then
    m_whole=
    m_line_keep "$1" "$2"
    m_line_open "$1"
    if [ -z "$m_found" ] && [ "$m_lines_read" = missing ]; then
      m_line_replace "$2"
      return
    elif [ -n "$m_found" ]; then
      m_whole=1
      m_line_change "$m_source" "$2" "$3" >"$m_tmp/lines"
    else
      m_line_append "$m_source" "$2" >"$m_tmp/lines"
    fi
    m_line_replace ''
  fi
}

m_line_absent() {
  m_found=$(m_line_find -n "$@")
  if [ -z "$m_found" ]; then return; fi
  if m_change "take a line out of $1"; then
    m_whole=
    [ -n "$m_leaving" ] || m_whole=1
    m_line_open "$1"
    m_line_find -v "$m_source" "$2" "$3" >"$m_tmp/lines"
    m_line_replace ''
  fi
}
