#include "provisioner/tasks/kind.h"

namespace muster {

// The reply's frames are described in reply.h. Nothing here forks when a task changes nothing,
// but for the task's own subshell.
const std::string_view kShellCore = R"sh(
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
  : >"$m_tmp/changed.$m_index"
  printf '%s\n' "$1"
  [ "$m_mode" = apply ] || return 1
  for m_slug in $m_notify; do
    [ -d "$m_state/pending" ] || mkdir -p "$m_state/pending"
    printf '%s\n' "$m_tmp $m_index" >"$m_state/pending/$m_slug"
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

# m_send FILE BYTES: of a longer file, the first and the last half of these.
m_send() {
  if [ "$2" -ge 65536 ]; then
    { head -c 32768 "$1" && tail -c 32768 "$1"; } 9>&- || exit 1
  elif [ "$2" -gt 0 ]; then
    cat "$1" 9>&- || exit 1
  fi
}

# A task that cannot keep what it says fails without a word.
m_is_full() { ! printf 'x' >"$m_tmp/probe"; } 2>/dev/null

m_answer() {
  m_clock
  m_result=unchanged m_said=0 m_bytes=0 m_why=
  if [ "$1" -ne 0 ]; then
    m_result=failed
    m_size "$m_tmp/command.$m_index"
    m_said=$m_bytes
  elif [ -e "$m_tmp/changed.$m_index" ]; then
    m_result=changed
  fi
  [ "$m_result" = unchanged ] || m_size "$m_tmp/out.$m_index"
  if [ "$m_result" = failed ] && [ "$m_bytes" -eq 0 ] && m_is_full; then
    m_why="cannot write to $m_tmp: No space left on device"
    m_bytes=${#m_why}
  fi
  m_say done "$m_index" "$m_result" "$1" "$((m_now - m_began))" "$m_said" "$m_bytes"
  m_send "$m_tmp/command.$m_index" "$m_said"
  if [ -n "$m_why" ]; then printf '%s' "$m_why"; else m_send "$m_tmp/out.$m_index" "$m_bytes"; fi
  [ "$m_result" != failed ] || m_end
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
  (
    unset m_nonce
    set -e
    "$@"
  ) >"$m_tmp/out.$m_index" 2>&1 9>&-
  m_answer "$?"
}

# The same for calls that may print without end: the first and the last 32 KiB are kept. A
# program that the call leaves behind may hold the pipe open: its reader then has one second, and
# must by then have written all that it read, which head would not have.
m_chatty_task() {
  m_start "$1" "$2"
  shift 2
  mkfifo "$m_tmp/pipe.$m_index" 9>&- || exit 1
  {
    dd bs=1 count=32768
    tail -c 32768
    : >"$m_tmp/drained.$m_index"
  } <"$m_tmp/pipe.$m_index" >"$m_tmp/out.$m_index" 2>/dev/null 9>&- &
  m_reader=$!
  (
    unset m_nonce
    set -e
    "$@"
  ) >"$m_tmp/pipe.$m_index" 2>&1 9>&-
  m_exit=$?
  m_killer=
  if [ ! -e "$m_tmp/drained.$m_index" ]; then
    {
      sleep 1
      kill "$m_reader"
    } >/dev/null 2>&1 9>&- &
    m_killer=$!
  fi
  wait "$m_reader" 2>/dev/null
  if [ -n "$m_killer" ]; then
    # One that has just begun still has our traps, and would only note a milder signal.
    kill -KILL "$m_killer" 2>/dev/null
    wait "$m_killer" 2>/dev/null
  fi
  m_answer "$m_exit"
}

# m_handler KIND-OF-TASK SLUG INDEX CALL...
# Sets m_asked to the task of this run that asked last; 0 when it was an earlier run.
m_handler() {
  m_run=$1 m_pending=$m_state/pending/$2 m_number=$3
  shift 3
  [ -e "$m_pending" ] || return 0
  read -r m_by m_asked <"$m_pending" || m_by=
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

m_end() {
  m_say end
  exit 0
}

# Only one script at a time. No program that we start may hold the lock after us: all are started
# with descriptor 9 closed.
m_lock() {
  command -v flock >/dev/null 2>&1 || return 0
  exec 9>>"$m_run_dir/muster.lock"
  m_tries=$((m_lock_seconds * 5))
  until flock -n 9; do
    [ "$m_tries" -gt 0 ] || {
      echo "another run of muster is at work on this node; it holds $m_run_dir/muster.lock" >&2
      exit 75
    }
    m_tries=$((m_tries - 1))
    sleep 0.2 2>/dev/null 9>&- || sleep 1 9>&-
  done
}

m_begin() {
  exec </dev/null
  umask 077
  PATH=$m_path${PATH:-/usr/bin:/bin}:/usr/local/sbin:/usr/sbin:/sbin
  LC_ALL=C
  export PATH LC_ALL
  { [ -d "$m_run_dir" ] && [ -w "$m_run_dir" ]; } || m_run_dir=${TMPDIR:-/tmp}
  m_lock
  m_tmp=$(mktemp -d "$m_run_dir/muster.XXXXXX" 9>&-) || exit 1
  trap 'rm -rf "$m_tmp" 9>&-' EXIT
  trap 'exit 129' HUP INT TERM PIPE
  umask 022
}
)sh";

const std::string_view kShellAttributes = R"sh(
# m_attributes PATH MODE OWNER GROUP
m_attributes() {
  set -- "$@" $(stat -L -c '%a %U %G %u %g' "$1")
  m_again=
  if { [ "$6" != "$3" ] && [ "$8" != "$3" ]; } || { [ "$7" != "$4" ] && [ "$9" != "$4" ]; }; then
    if m_change "change the owner of $1 from $6:$7 to $3:$4"; then
      m_do chown "$3:$4" "$1"
      # That may have taken bits of the mode away.
      m_again=1
    fi
  fi
  if [ "$5" != "$2" ] && m_change "change the mode of $1 from $5 to $2"; then m_again=1; fi
  [ -z "$m_again" ] || m_chmod "$2" "$1"
}

# Without the zeros, chmod keeps the setgid bit of a directory.
m_chmod() { m_do chmod "00$1" "$2"; }
)sh";

const std::string_view kShellNewFile = R"sh(
# Makes $m_new with what the arguments put there. Where users may write, a link of theirs could
# lead us elsewhere: the file must be a new one.
m_make_new() {
  rm -f "$m_new"
  (umask 077 && set -C && "$@")
}
)sh";

const std::string_view kShellWrite = R"sh(
m_put() { cat >"$m_new"; }

# m_write PATH CONTENT MODE OWNER GROUP: readers see the old file or the new one.
m_write() {
  m_new=$1.muster-new
  m_told "write $1"
  [ -d "${1%/*}/" ] || m_fail "there is no directory ${1%/*}"
  { m_make_new "$2" m_put && chown "$4:$5" "$m_new" && chmod "$3" "$m_new" &&
    mv -f "$m_new" "$1"; } || {
    rm -f "$m_new"
    m_fail "cannot write $1"
  }
}

# m_same PATH CONTENT
m_same() {
  if command -v cmp >/dev/null 2>&1; then
    "$2" cmp -s - "$1"
  else
    [ "$("$2" sha256sum)" = "$(sha256sum <"$1")" ]
  fi
}
)sh";

const std::string_view kShellAccounts = R"sh(
# Sets m_uid, m_gid, m_home and m_shell; false when there is no such user.
m_account() {
  while IFS=: read -r m_name m_ m_uid m_gid m_ m_home m_shell; do
    [ "$m_name" != "$1" ] || return 0
  done </etc/passwd
  return 1
}
)sh";

const std::string_view kShellMounts = R"sh(
# Whether something is mounted at the path. Sets m_real to the path without links, and m_mounts to
# what is mounted there and below, the last first, one a line.
m_mounted() {
  m_real=$(readlink -f "$1") || m_real=$1
  m_mounts=
  while read -r m_ m_place m_; do
    # The kernel writes spaces and the like as octal numbers.
    case $m_place in
      *\\*) m_place=$(printf '%b' "$m_place") ;;
    esac
    case $m_place in
      "$m_real" | "$m_real"/*) m_mounts="$m_place
$m_mounts" ;;
    esac
  done </proc/self/mounts
  case "
$m_mounts" in
    *"
$m_real
"*) return 0 ;;
  esac
  return 1
}
)sh";

const std::string_view kShellHolds = R"sh(
# Sets m_held to the exit code of a shell text, which stops at its first failure.
m_holds() {
  set +e
  (
    set -e
    eval "$1"
  ) >/dev/null 2>&1
  m_held=$?
  set -e
}
)sh";

}  // namespace muster
