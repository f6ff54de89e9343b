# shellcheck shell=dash
# In every script: m_as_wanted, which m_task asks whether there is anything to do.

# m_look_attributes PATH..., of the tasks $m_ids
m_look_attributes() {
  m_lines=
  [ "$#" -eq 0 ] || m_lines=$(stat -L -c '%a %U %G %u %g %s' "$@" 2>/dev/null 9>&-) || return 0
  for m_of in $m_ids; do
    IFS= read -r m_line || m_line=
    eval "m_at_$m_of=\$m_line"
  done <<EOF
$m_lines
EOF
}

# m_look_contents PATH..., of the tasks $m_ids, which want $m_sums
m_look_contents() {
  m_lines=
  [ "$#" -eq 0 ] || m_lines=$(sha256sum "$@" 2>/dev/null 9>&-) || return 0
  set -- $m_sums
  for m_of in $m_ids; do
    IFS= read -r m_line || m_line=
    [ "${m_line%% *}" != "$1" ] || eval "m_same_$m_of=1"
    shift
  done <<EOF
$m_lines
EOF
}

# m_is_size TASK BYTES
m_is_size() { eval "[ \"\${m_at_$1##* }\" = \"$2\" ]"; }

# m_is_at TASK MODE OWNER GROUP
m_is_at() {
  eval "set -- \"\$2\" \"\$3\" \"\$4\" \$m_at_$1"
  [ "$#" -eq 9 ] && [ "$4" = "$1" ] && { [ "$5" = "$2" ] || [ "$7" = "$2" ]; } &&
    { [ "$6" = "$3" ] || [ "$8" = "$3" ]; }
}

m_look_again() {
  [ -n "$m_looked" ] || return 1
  if [ "$((m_now - m_looked))" -gt 2000 ]; then
    m_looked=$m_now
    m_look
  fi
}

# m_as_wanted TASK CALL...: whether the task has nothing to do, as far as no program need tell.
m_as_wanted() {
  case $2 in
    m_command) [ -n "$3" ] && [ -e "$3" ] ;;
    m_directory) m_look_again && eval "[ -n \"\${m_at_$1:-}\" ]" && m_is_at "$1" "$4" "$5" "$6" ;;
    m_file) m_look_again && eval "[ -n \"\${m_same_$1:-}\" ]" && m_is_at "$1" "$5" "$6" "$7" ;;
    m_line) [ -z "$5" ] && m_look_line "$3" "$4" && [ "$m_lines_read" = found ] ;;
    *) false ;;
  esac
}

# m_quick CALL...: does without a subshell what can be done so, and sets m_exit, to nothing when it
# cannot. What may end the shell, or runs text of others in it, is not done here.
m_quick() {
  case $1 in
    m_directory | m_file | m_command) "m_quick_${1#m_}" "$2" "$3" "$4" "$5" "${6:-}" "${7:-}" \
      "${8:-}" ;;
  esac
}

# m_look_line PATH LINE: sets m_lines_read to found or missing, of a short file that ends in a
# newline; else to nothing.
m_look_line() {
  m_lines_read=
  [ -f "$1" ] && [ -r "$1" ] || return 0
  m_count=0
  while IFS= read -r m_line; do
    if [ "$m_line" = "$2" ]; then
      m_lines_read=found
      return
    fi
    m_count=$((m_count + 1))
    [ "$m_count" -lt 30 ] || return 0
  done <"$1"
  [ -n "$m_line" ] || m_lines_read=missing
}
