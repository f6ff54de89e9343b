# shellcheck shell=dash
# Ends another script and all that it started. sshd gives each command a process group of its own,
# and sudo may give one to what it runs. All that a script started is in it, but for what was made a
# daemon.

# Sets m_group to the process group of a process; 0 when it is gone.
m_group_of() {
  m_group=0
  { read -r m_stat <"/proc/$1/stat"; } 2>/dev/null || return 0
  set -- ${m_stat##*) }
  m_group=$3
}

# m_stop FOLDER PID
m_stop() {
  m_group_of "$$"
  m_ours=$m_group
  m_group_of "$2"
  m_target=$2
  if [ "$m_group" -gt 1 ] && [ "$m_group" != "$m_ours" ]; then m_target=-$m_group; fi
  kill -TERM "$m_target" 2>/dev/null
  for m_try in 1 2 3 4 5 6 7 8 9 10; do
    [ -d "$1" ] || return 0
    sleep 0.1 2>/dev/null || sleep 1
  done
  kill -KILL "$m_target" 2>/dev/null
  rm -rf "$1"
}

m_all() {
  m_reset
  exec </dev/null
  for m_folder in "$m_run_dir" "${TMPDIR:-/tmp}" /tmp /var/tmp "$m_state"; do
    for m_file in "$m_folder"/muster.*/id."$m_id"; do
      [ -e "$m_file" ] || continue
      read -r m_pid <"$m_file" || continue
      m_stop "${m_file%/*}" "$m_pid"
    done
  done
}
m_all
