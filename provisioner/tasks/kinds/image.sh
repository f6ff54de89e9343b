# shellcheck shell=dash

m_image_there() {
  case "
$(ctr -n k8s.io images ls -q 2>/dev/null)
" in
    *"
$1
"*) ;;
    *) return 1 ;;
  esac
}

# m_image REF STORED MARK NAME: the mark tells which file the image came from.
m_image() {
  m_last=
  if [ -r "$m_state/images/$3" ]; then read -r m_last <"$m_state/images/$3" || :; fi
  if [ "$m_last" = "$2" ] && m_image_there "$1"; then return; fi
  if m_change "import $1"; then
    [ -f "$2" ] || m_fail "the node's store has no $2 ($4)"
    # What is in a containerd of ours goes with it.
    m_known tree /var/lib/containerd || m_image_there "$1" || m_note_once image - "image:$1"
    m_do ctr -n k8s.io images import "$2"
    m_image_there "$1" || m_fail "$4 holds no image named $1"
    [ -d "$m_state/images" ] || mkdir -p "$m_state/images"
    printf '%s\n' "$2" >"$m_state/images/$3"
  fi
}
