# shellcheck shell=dash disable=SC2174  # those above are root's
# In every script: what was on a node before muster changed it is written down. docs/undo.md says
# what. A record is a line "ROLE DATA WHAT PATH" of $m_ledger/log, written before the change that it
# is about. Programs start only where there is something to copy.

m_nl='
'

# What cannot be written down is not done. Only a task of its own subshell may end it.
m_unnoted() {
  [ -z "$m_sub" ] || m_fail "cannot write down in $m_ledger what was there before"
  return 1
}

# A record that was cut has no end, and its change was not begun.
m_load_log() {
  m_loaded=1 m_log=$m_nl
  [ -e "$m_ledger/log" ] || return 0
  m_log=$m_nl$(cat "$m_ledger/log" 9>&- && echo .)
  m_log=${m_log%.}
  case $m_log in
    *"$m_nl") ;;
    *)
      printf '\n' >>"$m_ledger/log"
      m_log=$m_log$m_nl
      ;;
  esac
}

# m_known WHAT PATH
m_known() {
  [ -n "$m_loaded" ] || m_load_log
  case $m_log in
    *" $1 $2$m_nl"*) ;;
    *) return 1 ;;
  esac
}

# What this role wants is not taken away with another one. The file is there when all is noted that
# its programs may make.
m_open_ledger() {
  [ -n "$m_wants_file" ] || [ ! -d "$m_ledger" ] || return 0
  if [ -n "$m_wants_file" ] && [ -e "$m_ledger/$m_wants_file" ]; then return; fi
  [ -d "$m_ledger" ] || mkdir -p -m 700 "$m_ledger" 9>&- || return 1
  [ -n "$m_wants_file" ] && [ -z "$m_opening" ] || return 0
  m_opening=1
  m_traces && printf '%s' "$m_wants" >"$m_ledger/new" &&
    mv -f "$m_ledger/new" "$m_ledger/$m_wants_file" 9>&- || {
    m_opening=
    return 1
  }
}

# m_note WHAT DATA PATH
m_note() {
  [ -n "$m_loaded" ] || m_load_log
  { m_open_ledger && printf '%s\n' "$m_role $2 $1 $3" >>"$m_ledger/log"; } || {
    m_unnoted
    return 1
  }
  m_log="$m_log$m_role $2 $1 $3$m_nl"
  [ -z "$m_sub" ] || printf '%s\n' "$m_role $2 $1 $3" >>"$m_tmp/noted"
}

# What a task noted in its subshell.
m_noted() {
  [ -s "$m_tmp/noted" ] || return 0
  while IFS= read -r m_line; do m_log="$m_log$m_line$m_nl"; done <"$m_tmp/noted"
  : >"$m_tmp/noted"
}

# m_note_once WHAT DATA PATH
m_note_once() { m_known "$1" "$3" || m_note "$@"; }

# Sets m_copied to a name in the ledger for what there was.
m_name_copy() {
  m_copies=$((m_copies + 1))
  m_copied=$m_id.${m_index:-0}.$m_copies
}

# m_note_text WHAT TEXT PATH
m_note_text() {
  m_name_copy
  { m_open_ledger && printf '%s\n' "$2" >"$m_ledger/$m_copied"; } || {
    m_unnoted
    return 1
  }
  m_note "$1" "$m_copied" "$3"
}

# A copy of what is about to be lost must outlive a power cut; programs of old sync all instead.
m_on_disk() {
  sync "$m_ledger/$m_copied" "$m_ledger/log" "$m_ledger" 2>/dev/null 9>&- || sync 9>&-
}

# m_keep PATH [SHA256]: before the file or link there is changed, or made. The sum of what will be
# there tells later whether somebody else has changed it.
m_keep() {
  eval "m_sum=\${2:-\${m_sum_$m_index:--}}"
  # Twice does no harm; looking for it in a long log takes longer.
  if [ ! -e "$1" ] && [ ! -L "$1" ]; then
    m_note new "$m_sum" "$1"
  elif m_known new "$1" || m_known old "$1"; then
    [ "$m_sum" = - ] || m_known "$m_sum new" "$1" || m_known "$m_sum sum" "$1" ||
      m_note sum "$m_sum" "$1"
  else
    m_name_copy
    { m_open_ledger && m_copy "$1" "$m_ledger/$m_copied"; } || {
      m_unnoted
      return 1
    }
    m_note old "$m_copied" "$1" && { [ "$m_sum" = - ] || m_note sum "$m_sum" "$1"; } && m_on_disk
  fi
}

# m_keep_directory PATH: it, and those above it, will be made where they are not there.
m_keep_directory() {
  if [ -z "$1" ] || [ -d "$1" ]; then return 0; fi
  m_keep_directory "${1%/*}" && m_note dir - "$1"
}

# m_keep_mode PATH MODE UID GID, which a task will change
m_keep_mode() {
  ! m_known new "$1" && ! m_known dir "$1" || return 0
  m_note_once mode "$2:$3:$4" "$1"
}

# m_keep_gone PATH: before it is removed. What undo tasks remove shall not come back.
m_keep_gone() { [ -n "$m_leaving" ] || m_keep "$1" -; }

# m_trace PATH...: what programs may make. What is there already is not muster's; what comes into a
# directory that is empty is.
m_trace() {
  for m_trace; do
    if m_known tree "$m_trace" || m_known kept "$m_trace" || m_known value "$m_trace" ||
      m_known empty "$m_trace"; then
      continue
    fi
    case $m_trace in
      /proc/sys/*)
        [ ! -r "$m_trace" ] || m_note_text value "$(cat "$m_trace" 9>&-)" "$m_trace" || return 1
        continue
        ;;
    esac
    if [ -d "$m_trace" ] && [ ! -L "$m_trace" ] && [ -z "$(ls -A "$m_trace" 9>&-)" ]; then
      m_note empty "$(stat -c %a:%u:%g "$m_trace" 9>&-)" "$m_trace" || return 1
    elif [ -e "$m_trace" ] || [ -L "$m_trace" ]; then
      m_note kept - "$m_trace" || return 1
    else
      m_note tree - "$m_trace" || return 1
    fi
  done
}
