# shellcheck shell=dash
# In every script: a task's run and its answer, whose frames reply.h describes. Nothing here forks
# when a task changes nothing, but for the task's own subshell.

m_say() { printf '%s %s\n' "$m_nonce" "$*" || exit 1; }

m_fail() {
  printf '%s\n' "$*"
  exit 1
}

# Sets m_now, in milliseconds.
m_clock() {
  { read -r m_up m_idle </proc/uptime; } 2>/dev/null || m_up=0.00
  m_now=$((${m_up%.*} * 1000 + 1${m_up#*.}0 - 1000))
}

# The first change of a task asks for the handlers before it is made: if the run is cut between
# the two, the handlers run at the end of the next run.
m_change() {
  if [ -s "$m_tmp/out.$m_index" ]; then
    : >>"$m_tmp/changed.$m_index"
    printf '%s\n' "$1"
  else
    printf '%s\n' "$1" >>"$m_tmp/changed.$m_index"
  fi
  [ "$m_mode" = apply ] || return 1
  [ -z "$m_wants_file" ] || m_open_ledger || m_unnoted || return 1
  for m_slug in $m_notify; do
    [ -d "$m_state/pending" ] || mkdir -p "$m_state/pending"
    printf '%s\n' "$m_index $m_tmp" >"$m_state/pending/$m_slug"
  done
}

# What a failed task ran last is part of its reply.
m_told() { printf '%s' "$*" >"$m_tmp/command.$m_index"; }
m_do() {
  m_told "$*"
  "$@"
}

m_size() {
  m_bytes=0
  [ ! -s "$1" ] || m_bytes=$(($(wc -c <"$1" 9>&-)))
  [ "$m_bytes" -le 65536 ] || m_bytes=65536
}

# m_send FILE BYTES: of a longer file, the first and the last part of these.
m_send() {
  m_size "$1"
  if [ "$2" -eq 0 ]; then
    return
  elif [ "$2" -lt "$m_bytes" ] || [ "$m_bytes" -eq 65536 ]; then
    { head -c "$(($2 - $2 / 2))" "$1" && tail -c "$(($2 / 2))" "$1"; } 9>&- || exit 1
  else
    cat "$1" 9>&- || exit 1
  fi
}

# What most changes say: one plain line, which no program need read.
m_read_short() {
  m_text=
  [ ! -s "$m_tmp/out.$m_index" ] || return 1
  [ -e "$m_tmp/changed.$m_index" ] || return 0
  while IFS= read -r m_line; do
    case $m_line in
      *[!\ -~]*) return 1 ;;
    esac
    m_text="$m_text$m_line
"
  done <"$m_tmp/changed.$m_index"
}

# Sets m_head and m_rest: how much of the changes and of the output is sent.
m_measure() {
  m_size "$m_tmp/changed.$m_index"
  m_head=$m_bytes
  [ "$m_head" -le 16384 ] || m_head=16384
  m_size "$m_tmp/out.$m_index"
  m_rest=$m_bytes
  [ "$((m_head + m_rest))" -le 65536 ] || m_rest=$((65536 - m_head))
}

# A task that cannot keep what it says fails without a word.
m_is_full() { ! printf 'x' >"$m_tmp/probe"; } 2>/dev/null

m_answer() {
  m_clock
  m_result=unchanged m_said=0 m_text='' m_head=0 m_rest=0
  if [ "$1" -ne 0 ]; then
    m_result=failed
    m_size "$m_tmp/command.$m_index"
    m_said=$m_bytes
  elif [ -e "$m_tmp/changed.$m_index" ]; then
    m_result=changed
  fi
  if [ "$m_result" != unchanged ]; then
    m_looked=
    m_noted
    m_read_short || {
      m_text=
      m_measure
    }
  fi
  if [ "$m_result" = failed ] && [ -z "$m_text" ] && [ "$((m_head + m_rest))" -eq 0 ] && m_is_full; then
    m_text="cannot write to $m_tmp: No space left on device"
  fi
  m_say 'done' "$m_index" "$m_result" "$1" "$((m_now - m_began))" "$m_said" \
    "$((${#m_text} + m_head + m_rest))"
  [ "$m_said" -eq 0 ] || m_send "$m_tmp/command.$m_index" "$m_said"
  [ -z "$m_text" ] || printf '%s' "$m_text"
  [ "$m_head" -eq 0 ] || m_send "$m_tmp/changed.$m_index" "$m_head"
  [ "$m_rest" -eq 0 ] || m_send "$m_tmp/out.$m_index" "$m_rest"
  [ "$m_result" != failed ] || m_end
}

# Runs a call with $m_content and a newline on its stdin.
m_feed() {
  if [ "$1" = m_put ]; then
    m_put
  else
    "$@" <<EOF
$m_content
EOF
  fi
}

m_start() {
  m_index=$1 m_notify=$2
  m_say start "$m_index"
  m_clock
  m_began=$m_now
}

# m_task INDEX "HANDLER..." CALL...
m_task() {
  m_start "$1" "$2"
  shift 2
  if m_as_wanted "$m_index" "$@"; then
    m_say 'done' "$m_index" unchanged 0 0 0 0
    return
  fi
  m_exit=
  # Others may make a folder somebody's.
  case $1 in
    m_file | m_link | m_artifact) ;;
    *) m_firm=$m_nl ;;
  esac
  case $1 in
    m_command) ;;
    *) [ -n "$m_loaded" ] || [ "$m_mode" != apply ] || m_load_log ;;
  esac
  # Not as a condition, in which shells take no notice of "set -e".
  if [ "$m_mode" = apply ]; then m_quick "$@"; fi
  if [ -n "$m_exit" ]; then
    m_answer "$m_exit"
    return
  fi
  (
    unset m_nonce
    m_sub=1
    set -e
    "$@"
  ) >"$m_tmp/out.$m_index" 2>&1 9>&-
  m_answer "$?"
}

# Ends the reader of a chatty call, and dd, which it runs: they would go on reading.
m_end_reader() {
  m_readers=$m_reader
  for m_file in /proc/[0-9]*/stat; do
    { read -r m_stat <"$m_file"; } 2>/dev/null || continue
    set -- ${m_stat##*) }
    m_file=${m_file%/stat}
    [ "$2" != "$m_reader" ] || m_readers="$m_readers ${m_file#/proc/}"
  done
  kill $m_readers
}

# A program that a call leaves behind may hold its pipe open: the pipe's reader then has a second or
# two, and must by then have written all that it read, which head would not have.
m_guard() {
  m_last=
  while sleep 1 && kill -0 "$$" && [ -d "$m_tmp" ]; do
    m_reader=
    read -r m_reader <"$m_tmp/waiting"
    [ -z "$m_reader" ] || [ "$m_reader" != "$m_last" ] || m_end_reader
    m_last=$m_reader
  done
}
m_end_guard() {
  [ -e "$m_tmp/guard" ] || return 0
  read -r m_pid <"$m_tmp/guard"
  # One that has just begun still has our traps and the lock.
  kill -KILL "$m_pid"
  wait "$m_pid"
} 2>/dev/null

# For calls that may print without end: the first and the last 32 KiB are kept. Sets m_exit. A pipe
# whose reader saw its end is used again.
m_chatty() {
  set +e
  [ -p "$m_tmp/pipe" ] || mkfifo "$m_tmp/pipe" 9>&- || exit 1
  {
    dd bs=1 count=32768
    [ ! -s "$m_tmp/out.$m_index" ] || exec tail -c 32768
  } <"$m_tmp/pipe" >>"$m_tmp/out.$m_index" 2>/dev/null 9>&- &
  m_reader=$!
  (
    unset m_nonce
    m_sub=1
    set -e
    "$@"
  ) >"$m_tmp/pipe" 2>&1 9>&-
  m_exit=$?
  printf '%s\n' "$m_reader" >"$m_tmp/waiting"
  [ -e "$m_tmp/guard" ] || {
    # In braces, or the shell keeps the lock's descriptor under another number.
    { m_guard; } >/dev/null 2>&1 9>&- &
    printf '%s\n' "$!" >"$m_tmp/guard"
  }
  wait "$m_reader" 2>/dev/null || rm -f "$m_tmp/pipe" 9>&-
  : >"$m_tmp/waiting"
}

# The same as m_task for such calls.
m_chatty_task() {
  m_start "$1" "$2"
  shift 2
  m_firm=$m_nl
  m_chatty "$@"
  m_answer "$m_exit"
}

# m_handler KIND-OF-TASK SLUG INDEX CALL...
# Sets m_asked to the task of this run that asked last; 0 when it was an earlier run.
m_handler() {
  m_run=$1 m_pending=$m_state/pending/$2 m_number=$3
  shift 3
  [ -e "$m_pending" ] || return 0
  read -r m_asked m_by <"$m_pending" || m_by=
  [ "$m_by" = "$m_tmp" ] || m_asked=0
  "$m_run" "$m_number" '' "$@"
  m_asked=
  rm -f "$m_pending"
}

m_forget_handlers() {
  for m_file in "$m_state/pending/$1".*; do
    [ ! -e "$m_file" ] || rm -f "$m_file"
  done
}
