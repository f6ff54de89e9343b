# shellcheck shell=dash disable=SC2174  # those above are root's
# In every script: writing where users may. In a folder that others than root can change, or that is
# reached through one, each name may lead elsewhere at any moment. There, root stands in the folder
# itself, works in a folder of its own within it, and what is ready takes its place by a rename, which
# follows no link. An open file is called by its descriptor. ARCHITECTURE.md says what that gives.

# m_is_firm FOLDER: whether only root can change what is in it and the way to it, which has no links.
# Of each folder, stat says its kind and mode as one number, and whose it is.
m_is_firm() {
  case $m_firm in
    *"$m_nl$1$m_nl"*) return 0 ;;
  esac
  [ -O "$1/" ] || return 1
  m_folder=$1
  set -- /
  m_way=$m_folder
  while [ -n "$m_way" ]; do
    set -- "$@" "$m_way"
    m_way=${m_way%/*}
  done
  m_way=$(stat -c '%f:%u:%g' "$@" 2>/dev/null 9>&-) || return 1
  for m_way in $m_way; do
    case $m_way in
      4*[02468ace][014589cd]:0:* | 4*[014589cd]:0:0) ;;
      *) return 1 ;;
    esac
  done
  m_firm=$m_firm$m_folder$m_nl
}

# m_stand FOLDER: goes there, in a subshell. Of links, only those of firm folders are followed.
m_stand() {
  m_left=${1#/} m_here='' m_links=0
  while [ -n "$m_left" ]; do
    m_name=${m_left%%/*}
    m_left=${m_left#"$m_name"}
    m_left=${m_left#/}
    case $m_name in
      '' | .) continue ;;
      ..)
        m_here=${m_here%/*}
        continue
        ;;
    esac
    if [ ! -L "$m_here/$m_name" ]; then
      m_here=$m_here/$m_name
      continue
    fi
    m_links=$((m_links + 1))
    m_is_firm "$m_here" && [ "$m_links" -lt 20 ] ||
      m_fail "$m_here/$m_name is a link that others than root can change"
    m_name=$(readlink "$m_here/$m_name")
    case $m_name in /*) m_here='' ;; esac
    m_left=$m_name/$m_left
  done
  cd -P "${m_here:-/}" && [ "$PWD" = "${m_here:-/}" ] || m_fail "somebody moves $1"
}

# m_by PATH CALL...: adds a name of what is at the path, when that is no folder.
m_by() {
  m_place=$1
  shift
  if m_is_firm "${m_place%/*}"; then
    "$@" "$m_place"
  else
    (m_stand "${m_place%/*}" && "$@" "./${m_place##*/}")
  fi
}

# m_in_workshop PATH CALL...: the call makes $m_new, whole, which then takes the place of the path.
m_in_workshop() (
  m_stand "${1%/*}"
  m_new=./${1##*/}
  m_left=${1%/*}
  shift
  m_shop=$(umask 077 && mktemp -d ./.muster.XXXXXX) || m_fail "cannot write in $m_left"
  m_here=${PWD%/}/${m_shop#./}
  cd -P "$m_shop" && [ "$PWD" = "$m_here" ] && [ -O . ] || m_fail "somebody moves what is in $m_left"
  # Into the folder itself: as a destination, a link to a folder would be followed.
  "$@" && mv -f "$m_new" ..
  m_code=$?
  [ "$m_code" -eq 0 ] || rm -rf "$m_new"
  cd .. && rmdir "$m_shop" 2>/dev/null
  return "$m_code"
)

# m_take_hold PATH: descriptor 8 is the file that is there, in a subshell, where we then stand beside it.
m_take_hold() {
  m_stand "${1%/*}"
  m_name=${1##*/}
  if [ -L "./$m_name" ] || [ ! -f "./$m_name" ]; then m_fail "$1 is no plain file"; fi
  exec 8<"./$m_name" && [ "$(readlink /proc/self/fd/8)" = "${PWD%/}/$m_name" ] &&
    [ "$(stat -L -c %h /proc/self/fd/8)" -eq 1 ] || m_fail "$1 has another name, or none any more"
}

# m_upon PATH CALL...: adds a name of the file or folder that is there, which cannot become another's.
m_upon() {
  m_place=$1
  shift
  m_told "$* $m_place"
  if [ ! -L "$m_place" ] && m_is_firm "${m_place%/*}"; then
    "$@" "$m_place"
  elif [ -d "$m_place" ]; then
    (m_stand "$m_place" && "$@" .)
  else
    (m_take_hold "$m_place" && "$@" /proc/self/fd/8)
  fi
}

# m_hold PATH COPY: of a file, in a folder of ours.
m_hold() {
  if [ ! -L "$1" ] && m_is_firm "${1%/*}"; then
    cp -p "$1" "$2"
  else
    (m_take_hold "$1" && cp -pL /proc/self/fd/8 "$2")
  fi
}

# m_copy PATH COPY: of a file or a link.
m_copy() {
  if m_is_firm "${1%/*}"; then
    cp -a "$1" "$2" 9>&-
  elif [ -L "$1" ]; then
    (m_stand "${1%/*}" && ln -s -- "$(readlink "./${1##*/}")" "$2")
  else
    m_hold "$1" "$2"
  fi
}

m_remove() {
  m_told "rm -f $1"
  m_by "$1" rm -f
}

m_sweep() { find "$1" -mindepth 1 -maxdepth 1 -exec rm -rf {} +; }

m_copy_tree() { cp -a "$2" "$1"; }

# m_make_link PATH TO
m_make_link() {
  m_told "ln -s -- $2 $1"
  if m_is_firm "${1%/*}"; then
    rm -f "$1" && ln -s -- "$2" "$1"
  else
    m_in_workshop "$1" m_link_here "$2"
  fi
}
m_link_here() { ln -s -- "$1" "$m_new"; }

# What root has just made is root's, but where the folder hands its group down.
m_is_own() { [ "$2:$3" = root:root ] && [ -O "$1" ] && [ -G "$1" ] && [ ! -g "$1" ]; } 2>/dev/null

# Whether nothing is there, and what is made there will be as root makes it.
m_is_free() {
  [ ! -e "$1" ] && [ ! -L "$1" ] && [ -d "${1%/*}/" ] && [ ! -g "${1%/*}/" ]
}

# m_own PATH OWNER GROUP, of what was just made
m_own() { m_is_own "$@" || chown "$2:$3" "$1"; }

# Sets m_first to the first of the path that is not there, and m_below to what comes from there on.
m_find_first() {
  m_first=$1
  while [ ! -d "${m_first%/*}/" ]; do m_first=${m_first%/*}; done
  m_below=${1#"${m_first%/*}/"}
}

# m_folder_here MODE OWNER GROUP: a directory above may have handed its group and its setgid bit down.
m_folder_here() {
  mkdir -p -m "$1" "./$m_below" && chown "$2:$3" "./$m_below" && chmod "00$1" "./$m_below"
}

# m_make_folder PATH MODE OWNER GROUP, where nothing is
m_make_folder() {
  m_told "mkdir -p -m $2 $1"
  m_find_first "$1"
  if ! m_is_firm "${m_first%/*}"; then
    m_in_workshop "$m_first" m_folder_here "$2" "$3" "$4"
    return
  fi
  mkdir -p -m "$2" "$1" &&
    { m_is_own "$1" "$3" "$4" || { m_do chown "$3:$4" "$1" && m_do chmod "00$2" "$1"; }; }
}

# m_make_folders PATH: those that are not there, as root has them.
m_make_folders() { [ -d "$1/" ] || m_make_folder "$1" 755 root root; }
