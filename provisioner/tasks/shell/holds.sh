# shellcheck shell=dash
# m_holds.

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
