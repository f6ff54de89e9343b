# shellcheck shell=dash
# m_make_new.

# Makes $m_new with what the arguments put there. Where users may write, a link of theirs could
# lead us elsewhere: the file must be a new one.
m_make_new() {
  if [ -e "$m_new" ] || [ -L "$m_new" ]; then rm -f "$m_new"; fi
  umask 077
  set -C
  "$@"
  m_code=$?
  set +C
  umask 022
  return "$m_code"
}
