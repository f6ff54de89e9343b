# shellcheck shell=dash

# A directory that is not there will be ours with all it holds; of one that is there, what the
# archive puts into it.
m_unpack_keep() {
  if [ ! -d "$2" ]; then
    m_keep_directory "${2%/*}"
    m_note_once tree - "$2"
  elif ! m_known tree "$2"; then
    tar -tf "$1" >"$m_tmp/names"
    while IFS= read -r m_name; do
      m_strip=$4
      m_name=${m_name#./}
      while [ "$m_strip" -gt 0 ]; do
        case $m_name in
          */*) m_name=${m_name#*/} ;;
          *) m_name= ;;
        esac
        m_strip=$((m_strip - 1))
      done
      case $m_name in
        '') ;;
        */) m_keep_directory "$2/${m_name%/}" ;;
        *)
          m_keep_directory "$2/${m_name%/*}"
          m_keep "$2/$m_name" -
          ;;
      esac
    done <"$m_tmp/names"
  fi
}

# m_unpack_there STORED INTO STRIP: tar follows any link that it finds.
m_unpack_there() (
  m_stand "$2"
  m_is_firm "${PWD%/}" || m_fail "others than root can change $2: unpack into a folder of root's"
  tar -xof "$1" -C . --strip-components="$3"
)

# m_unpack STORED INTO CREATES STRIP MARK NAME: the mark holds what was unpacked last.
m_unpack() {
  m_last=
  if [ -r "$m_state/unpacked/$5" ]; then read -r m_last <"$m_state/unpacked/$5" || :; fi
  if [ "$m_last" = "$1" ] && [ -d "$2" ] && { [ -z "$3" ] || [ -e "$3" ]; }; then return; fi
  if m_change "unpack $6 into $2"; then
    [ -f "$1" ] || m_fail "the node's store has no $1 ($6)"
    m_unpack_keep "$@"
    m_do mkdir -p "$m_state/unpacked"
    m_make_folders "$2"
    m_told "tar -xof $1 -C $2 --strip-components=$4"
    m_unpack_there "$1" "$2" "$4"
    if [ -n "$3" ] && [ ! -e "$3" ]; then m_fail "$6 was unpacked, but there is no $3"; fi
    printf '%s\n' "$1" >"$m_state/unpacked/$5"
  fi
}
