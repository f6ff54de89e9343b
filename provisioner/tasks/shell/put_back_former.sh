# shellcheck shell=dash
# What older versions of this role wanted and no role wants any more: it is put back at the end of an
# apply, when services run from where all is now. What its programs made (traces) stays, and so does
# what a list never named, unless it belongs to what leaves.

# Sets m_former to the lists of older versions. Starts no program.
m_find_former() {
  m_former=
  for m_file in "$m_ledger/wants.$m_role".*; do
    m_name=${m_file##*/}
    case ${m_name#"wants.$m_role."} in
      *.*) continue ;;
    esac
    [ "$m_name" != "$m_wants_file" ] && [ -e "$m_file" ] || continue
    m_former="$m_former $m_name"
  done
}

# m_is_back WHAT PATH: whether what left is there again. Starts no program.
m_is_back() {
  case $1 in
    sum) [ -e "$2" ] || [ -L "$2" ] ;;
    keys) m_account "${2#*:}" && m_has_block "$m_home/.ssh/authorized_keys" ;;
    user) m_account "${2#*:}" ;;
    member:*) m_is_member "${2#*:}" "${1#*:}" ;;
    *) false ;;
  esac
}
m_has_block() {
  [ -f "$1" ] && [ -r "$1" ] || return 1
  while IFS= read -r m_text; do
    [ "$m_text" != '# BEGIN muster' ] || return 0
  done <"$1"
  return 1
}
m_is_member() {
  while IFS=: read -r m_group m_ m_ m_users; do
    case "$m_group:,$m_users," in
      "$2":*",$1,"*) return 0 ;;
    esac
  done </etc/group
  return 1
}

# m_is_listed TEXT: whether the lists in the text want what the record of m_line is about.
m_is_listed() {
  case $m_what in
    member:*) m_has_line "$1" "$m_what $m_path" ;;
    *) m_has_line "$1" "$m_path" ;;
  esac
}

# m_has_line TEXT LINE: of a text that begins and ends with a newline.
m_has_line() {
  case $1 in
    *"$m_nl$2$m_nl"*) ;;
    *) return 1 ;;
  esac
}

# Sets m_again to the records of what left and is there again. Starts no program.
m_find_again() {
  m_again=
  [ -s "$m_ledger/left.$m_role" ] || return 0
  while IFS= read -r m_line <&3; do
    m_take && m_is_back "$m_what" "$m_path" || continue
    m_is_listed "$m_nl${m_wants:-}" || m_again="$m_again$m_line$m_nl"
  done 3<"$m_ledger/left.$m_role"
}

# Sets m_wanted to what roles want now, and m_going to what only older versions of this one did.
m_who_wants_now() {
  m_wanted=$m_nl${m_wants:-} m_was='' m_going=$m_nl
  for m_file in "$m_ledger"/wants.*; do
    [ -e "$m_file" ] || continue
    case "$m_former " in
      *" ${m_file##*/} "*) m_was="$m_was$(cat "$m_file")$m_nl" ;;
      *) m_wanted="$m_wanted$(cat "$m_file")$m_nl" ;;
    esac
  done
  case $m_log in
    *" came package:"*) m_packages_wanted ;;
  esac
  while IFS= read -r m_line; do
    [ -n "$m_line" ] && ! m_has_line "$m_wanted" "$m_line" || continue
    m_going="$m_going$m_line$m_nl"
    case $m_line in
      keys:*)
        if m_account "${m_line#*:}" && ! m_needs_keys "${m_line#*:}"; then
          m_going="$m_going$m_home/.ssh$m_nl"
        fi
        ;;
      package:*)
        m_package_know_family
        m_going="$m_going$("m_packages_behind_$m_family" "${m_line#*:}" 2>/dev/null)$m_nl"
        ;;
    esac
  done <<LISTS
$m_was
LISTS
}

# Sets m_came_going to what came with packages that leave; what came along with one that stays may be
# of use to it.
m_find_came() {
  m_came_going=$m_nl m_batch='' m_some='' m_stay=
  case $m_going in
    *"$m_nl"package:*) ;;
    *) return 0 ;;
  esac
  while IFS= read -r m_line; do
    m_take || continue
    case $m_what in
      packages) m_close_batch ;;
      came)
        m_batch="$m_batch$m_path$m_nl"
        if m_has_line "$m_wanted" "$m_path"; then
          m_stay=1
        elif m_has_line "$m_going" "$m_path"; then
          m_some="$m_some$m_path$m_nl"
        fi
        ;;
    esac
  done <"$m_ledger/log"
  m_close_batch
}
m_close_batch() {
  if [ -n "$m_some" ] && [ -z "$m_stay" ]; then m_some=$m_batch; fi
  m_came_going=$m_came_going$m_some m_batch='' m_some='' m_stay=
}

# Walks up from m_path and stops at the first that a list names: whether that one leaves. What lies in
# the data of programs stays.
m_is_below_going() {
  m_up=$m_path
  while :; do
    case $m_up in
      /*/*) m_up=${m_up%/*} ;;
      *) return 1 ;;
    esac
    ! m_has_line "$m_wanted" "$m_up" || return 1
    ! m_has_line "$m_going" "$m_up" || return 0
  done
}
m_is_data() {
  m_up=$m_path
  while :; do
    if m_known kept "$m_up" || m_known empty "$m_up" || { m_known tree "$m_up" && ! m_unpacked "$m_up"; }; then
      return 0
    fi
    case $m_up in
      /*/*) m_up=${m_up%/*} ;;
      *) return 1 ;;
    esac
  done
}

# m_unpacked PATH: whether it came out of an archive whose place leaves. Sets m_mark.
m_unpacked() {
  case $m_going in
    *"$m_nl"unpack:*":$1$m_nl"*) ;;
    *) return 1 ;;
  esac
  m_mark=${m_going%%":$1$m_nl"*}
  m_mark=$m_state/unpacked/${m_mark##*unpack:}
}

# Since m_mark was made.
m_has_changed() {
  [ -d "$1" ] && { [ ! -e "$m_mark" ] || [ -n "$(find "$1" ! -type d -cnewer "$m_mark" 2>/dev/null)" ]; }
}

# m_has_wanted_unit PACKAGE: whether it brought a unit of a name that a role has for one of its own. It
# would stop that one and forget that it is enabled, and some take its data along.
m_has_wanted_unit() {
  [ -r "/var/lib/dpkg/info/$1.list" ] || return 1
  while IFS= read -r m_text; do
    case $m_text in
      */systemd/system/*.service)
        ! m_has_line "$m_wanted" "unit:${m_text##*/}" || return 0
        ;;
    esac
  done <"/var/lib/dpkg/info/$1.list"
  return 1
}

m_is_going() {
  case $m_what in
    kept | empty | packages | gone | whole) return 1 ;;
    came)
      m_has_line "$m_came_going" "$m_path" && ! m_has_wanted_unit "${m_path#package:}"
      return
      ;;
    member:*)
      ! m_is_listed "$m_wanted" || return 1
      ! m_is_listed "$m_going" || return 0
      ;;
    line | open-line)
      m_text=$(cat "$m_ledger/$m_data" 2>/dev/null)
      ! m_has_line "$m_wanted" "line:$m_path $m_text" || return 1
      ! m_has_line "$m_going" "line:$m_path $m_text" || return 0
      ;;
    tree)
      m_unpacked "$m_path" || return 1
      if m_has_changed "$m_path" && ! m_has_line "$m_wanted" "$m_path"; then
        echo "leave $m_path: what it holds has changed since it was unpacked"
        return 1
      fi
      ;;
  esac
  ! m_has_line "$m_wanted" "$m_path" || return 1
  case $m_path in
    /proc/*) ;;
    /*) ! m_is_data || return 1 ;;
  esac
  ! m_has_line "$m_going" "$m_path" || return 0
  case $m_what/$m_going in
    dir/*"$m_nl$m_path/"*) return 0 ;;
  esac
  case $m_by/$m_path in
    "$m_role"//*) m_is_below_going ;;
    *) return 1 ;;
  esac
}

# Another role may want what this one noted: it is that one's from now on.
m_hand_over() {
  [ "$m_by" = "$m_role" ] && ! m_has_line "$m_nl${m_wants:-}" "$m_path" &&
    m_has_line "$m_nl$m_was" "$m_path" || return 0
  for m_file in "$m_ledger"/wants.*; do
    m_name=${m_file##*/wants.}
    if [ "${m_name%.*}" != "$m_role" ] && grep -qxF -e "$m_path" "$m_file"; then
      m_line="${m_name%.*} ${m_line#* }"
      return
    fi
  done
}

m_sort_former() {
  if m_is_going; then
    printf '%s\n' "$m_line" >>"$m_tmp/go"
  else
    m_hand_over
    printf '%s\n' "$m_line" >>"$m_tmp/stay"
  fi
  printf '%s\n' "$m_line" >>"$m_tmp/sorted"
}

# m_needs_keys USER, whom m_account has found: whether muster, which is here as m_self, may have come in
# by its own lines.
m_needs_keys() {
  [ "$1" = "$m_self" ] && m_has_block "$m_home/.ssh/authorized_keys" && ! m_other_keys "$m_home"
}

# False, with the reason, of what it could not come in again without.
m_leaves_a_way_in() {
  case $m_what:$m_path in
    "user:user:$m_self")
      echo "muster itself logs in as $m_self: let it log in as another user first"
      return 1
      ;;
    "keys:keys:$m_self")
      m_account "$m_self" && m_needs_keys "$m_self" || return 0
      echo "muster itself logs in as $m_self, who has no other keys:" \
        "put muster's own key into $m_home/.ssh/authorized_keys, outside of muster's lines"
      return 1
      ;;
    *":/etc/sudoers.d/muster-$m_self")
      [ "$m_self" != root ] && [ -e "$m_path" ] || return 0
      m_rules=$(sudo -n -l -U "$m_self" 2>/dev/null | grep -c 'NOPASSWD: ALL')
      [ "$m_rules" -lt 2 ] || return 0
      echo "muster itself logs in as $m_self, whom no other rule lets use sudo without a password:" \
        "put '$m_self ALL=(ALL) NOPASSWD:ALL' into /etc/sudoers.d/$m_self"
      return 1
      ;;
  esac
}

# False where it is not this run that puts the record of m_line back; sets m_stays, and m_later when
# the next one shall.
m_may_go() {
  case $m_what in
    user)
      if m_account "${m_path#*:}" && m_other_keys "$m_home"; then
        echo "user ${m_path#*:} stays: it has keys that muster did not write"
        m_stays=1
        return 1
      fi
      ;;
    mount)
      if m_mounted "$m_path" && [ "$m_mode" = apply ]; then
        umount "$m_path" 2>/dev/null || {
          echo "$m_path is in use, and stays mounted until the next apply"
          m_stays=1 m_later=1
          return 1
        }
        m_change "unmount $m_path"
      fi
      ;;
  esac
}

# A session as the user may go on; without keys and sudo nobody comes in again.
m_user_is_busy() {
  m_account "$1" || return 1
  echo "user $1 stays until nothing runs as it: it has no keys and no sudo any more"
  m_stays=1 m_later=1
}

# For a record that was put back: what somebody could bring again.
m_remember() {
  case $m_what/$m_data in
    new/- | sum/-) ;;
    new/* | sum/*) printf '%s\n' "$m_role $m_data sum $m_path" ;;
    keys/* | user/* | member:*) printf '%s\n' "$m_role - $m_what $m_path" ;;
  esac >>"$m_tmp/left"
}

# What is wanted again is forgotten.
m_write_left() {
  m_lines=$m_nl
  [ ! -e "$m_ledger/left.$m_role" ] || m_each "$m_ledger/left.$m_role" m_add_left
  m_each "$m_tmp/left" m_add_left
  m_lines=${m_lines#"$m_nl"}
  if [ -z "$m_lines" ]; then
    rm -f "$m_ledger/left.$m_role"
  else
    printf '%s' "$m_lines" >"$m_ledger/new" && mv -f "$m_ledger/new" "$m_ledger/left.$m_role"
  fi
}
m_add_left() {
  if m_is_listed "$m_wanted" || m_has_line "$m_nl$m_forgotten" "$m_line" ||
    m_has_line "$m_lines" "$m_line"; then
    return 0
  fi
  m_lines="$m_lines$m_line$m_nl"
}

# What is there again goes again, if it is what muster wrote; else it is somebody's.
m_go_again() {
  if m_is_listed "$m_wanted"; then return 0; fi
  m_name=${m_path#*:}
  case $m_what in
    sum)
      m_sum_now "$m_path"
      if [ "$m_now" != "$m_data" ]; then
        m_forgotten="$m_forgotten$m_line$m_nl"
      elif m_leaves_a_way_in && m_change "remove $m_path, which had left and is there again"; then
        m_touched
        m_remove "$m_path"
      fi
      ;;
    keys)
      m_data=-
      if m_leaves_a_way_in; then m_back_keys; fi
      ;;
    member:*)
      m_data=${m_what#*:}
      m_back_member
      ;;
    user)
      if m_change "let user $m_name be, which had left and is there again: it is somebody's"; then
        m_forgotten="$m_forgotten$m_line$m_nl"
      fi
      ;;
  esac
}
m_all_again() {
  m_reread=
  printf '%s' "$m_again" >"$m_tmp/again"
  m_each "$m_tmp/again" m_go_again
  [ -z "$m_reread" ] || [ "$m_mode" != apply ] || ! m_has systemctl || systemctl daemon-reload
}

# The lists go last: until then the next run finds all that is left to do.
m_strike_former() {
  m_write_left || return 1
  [ -n "$m_former" ] || return 0
  m_strike_out || return 1
  [ -z "$m_failed$m_later" ] || return 0
  for m_name in $m_former; do rm -f "$m_ledger/$m_name"; done
}

m_put_back_former() {
  set +e
  m_know_self
  m_load_log
  m_who_wants_now
  # As if roles stay: directories that are not empty may hold what is theirs.
  m_others=" $m_role " m_failed='' m_brought='' m_later='' m_forgotten=
  for m_file in all sorted stay go kept left; do : >"$m_tmp/$m_file"; done
  if [ -n "$m_former" ]; then
    m_find_came
    [ ! -e "$m_ledger/log" ] || sed -n '1!G;h;$p' "$m_ledger/log" >"$m_tmp/all"
    m_each "$m_tmp/all" m_sort_former
    mv -f "$m_tmp/sorted" "$m_tmp/all"
    m_all_back
  fi
  [ -z "$m_again" ] || m_all_again
  [ "$m_mode" = apply ] || return 0
  m_strike_former || m_fail "cannot write to $m_ledger"
  [ -z "$m_failed" ] || m_fail "these could not be put back; run it again when they can:$m_nl$m_failed"
  return 0
}

# m_leave_former INDEX: a task that is there only when something is to be done.
m_leave_former() {
  m_find_former
  m_find_again
  [ -z "$m_former$m_again" ] || m_chatty_task "$1" '' m_put_back_former
}
