# shellcheck shell=dash

# m_command CREATES REMOVES UNLESS ONLY-IF SHOWN TEXT STDIN
m_command() {
  if [ -n "$1" ] && [ -e "$1" ]; then return 0; fi
  if [ -n "$2" ] && [ ! -e "$2" ] && [ ! -L "$2" ]; then return 0; fi
  if [ -n "$3" ]; then
    m_holds "$3"
    if [ "$m_held" -eq 0 ]; then return 0; fi
  fi
  if [ -n "$4" ]; then
    m_holds "$4"
    if [ "$m_held" -ne 0 ]; then return 0; fi
  fi
  if m_change "run $5"; then
    m_command_keep "$1"
    m_told "$5"
    m_text=$6 m_stdin=$7
    m_chatty m_command_run
    exit "$m_exit"
  fi
}
m_command_run() {
  set --
  if [ -n "$m_stdin" ]; then "$m_stdin" m_command_eval; else eval "$m_text"; fi
}
# Its input may come through a pipe: a subshell, in which "set -e" would not hold.
m_command_eval() {
  set -e
  eval "$m_text"
}

# Where it makes a directory, only that is known to be ours, not what it holds.
m_command_keep() { [ -z "$1" ] || { m_keep_directory "${1%/*}" && m_keep "$1"; }; }

m_quick_command() {
  [ -z "$3$4" ] || return 1
  if [ -n "$2" ] && [ ! -e "$2" ] && [ ! -L "$2" ]; then return 1; fi
  m_command_keep "$1" || return 1
  m_change "run $5" || return 1
  m_told "$5"
  m_text=$6 m_stdin=$7
  m_chatty m_command_run
}
