# shellcheck shell=dash
# Whole files: m_write, m_same; needs new_file.sh.

m_put() {
  if [ -n "${m_content+set}" ]; then
    printf '%s\n' "$m_content" >"$m_new"
  else
    cat >"$m_new"
  fi
}

# m_quick_file PATH CONTENT MODE OWNER GROUP: a new file as the umask has it.
m_quick_file() {
  m_is_free "$1" && [ "$3:$4:$5" = 644:root:root ] && m_is_firm "${1%/*}" || return 1
  m_new=$1.muster-new
  case $2 in
    m_plain_*)
      [ ! -e "$m_new" ] && [ ! -L "$m_new" ] && m_keep "$1" && m_change "create $1" || return 1
      ;;
    *) return 1 ;;
  esac
  m_told "write $1"
  set -C
  "$2" m_put 2>>"$m_tmp/out.$m_index"
  m_exit=$?
  set +C
  unset m_content
  if [ "$m_exit" -eq 0 ] && mv -f "$m_new" "$1" >"$m_tmp/out.$m_index" 2>&1 9>&-; then return; fi
  rm -f "$m_new" 9>&-
  m_exit=1
  printf '%s\n' "cannot write $1" >>"$m_tmp/out.$m_index"
}

# m_write PATH CONTENT MODE OWNER GROUP: readers see the old file or the new one.
m_write() {
  m_told "write $1"
  [ -d "${1%/*}/" ] || m_fail "there is no directory ${1%/*}"
  if ! m_is_firm "${1%/*}"; then
    m_in_workshop "$1" m_write_here "$2" "$3" "$4" "$5" || m_fail "cannot write $1"
    return
  fi
  m_new=$1.muster-new
  { m_make_new "$2" m_put && m_own "$m_new" "$4" "$5" && chmod "$3" "$m_new" &&
    mv -f "$m_new" "$1"; } || {
    rm -f "$m_new"
    m_fail "cannot write $1"
  }
}

m_write_here() {
  (umask 077 && "$1" m_put) && chown "$3:$4" "$m_new" && chmod "$2" "$m_new"
}

# m_same PATH CONTENT
m_same() {
  if command -v cmp >/dev/null 2>&1; then
    "$2" cmp -s - "$1"
  else
    [ "$("$2" sha256sum)" = "$(sha256sum <"$1")" ]
  fi
}
