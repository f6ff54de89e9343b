# shellcheck shell=dash
# m_mounted.

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
