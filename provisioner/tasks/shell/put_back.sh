# shellcheck shell=dash
# m_put_back, which puts back what the ledger has when a role leaves; in undo scripts.

# Sets m_others to the roles that stay, and m_wanted to what they want.
m_who_stays() {
  m_others=' ' m_wanted=$m_nl
  for m_file in "$m_ledger"/wants.*; do
    [ -e "$m_file" ] || continue
    m_name=${m_file##*/wants.}
    m_name=${m_name%.*}
    if [ "$m_name" != "$m_role" ]; then
      m_others="$m_others$m_name "
      m_wanted="$m_wanted$(cat "$m_file")$m_nl"
    fi
  done
  case $m_log in
    *" came package:"*) m_packages_wanted ;;
  esac
}

# Reads the record of $m_line; false of one that was cut.
m_take() {
  m_by=${m_line%% *} m_rest=${m_line#* }
  m_data=${m_rest%% *} m_rest=${m_rest#* }
  m_what=${m_rest%% *} m_path=${m_rest#* }
  case $m_line in *' '*' '*' '?*) ;; *) return 1 ;; esac
}

m_is_wanted() {
  case $m_others in *" $m_by "*) return 0 ;; esac
  case $m_wanted in *"$m_nl$m_path$m_nl"*) return 0 ;; esac
  return 1
}

# m_each FILE CALL...: for each record of a file. One that cannot be put back keeps its place.
m_each() {
  m_records=$1
  shift
  while IFS= read -r m_line <&3; do
    m_take || continue
    "$@" || {
      m_failed="$m_failed$m_what $m_path$m_nl"
      printf '%s\n' "$m_line" >>"$m_tmp/stay"
    }
  done 3<"$m_records"
}

m_sort_out() {
  if m_is_wanted; then
    printf '%s\n' "$m_line" >>"$m_tmp/stay"
  else
    printf '%s\n' "$m_line" >>"$m_tmp/go"
  fi
}

m_if_unit() { [ "$m_what" != unit ] || "$@"; }
m_if_before() {
  case $m_what in
    mode) "$@" ;;
    old) ! m_known before "$m_path" || "$@" ;;
  esac
}
m_if_tree() { [ "$m_what" != tree ] || "$@"; }
m_list_kept() { [ "$m_what" != kept ] || printf '%s\n' "$m_path" >>"$m_tmp/kept"; }
m_if_image() { [ "$m_what" != image ] || "$@"; }

# What a script that was killed had not yet put in place.
m_drop_unplaced() {
  case $m_what in
    new | old | made | line | open-line)
      if [ "$m_mode" = apply ] && [ -f "$m_path.muster-new" ]; then m_remove "$m_path.muster-new"; fi
      ;;
  esac
}

m_back() {
  m_stays=
  m_drop_unplaced
  if [ -n "$m_former" ]; then
    m_leaves_a_way_in || return 1
    m_may_go || {
      printf '%s\n' "$m_line" >>"$m_tmp/stay"
      return 0
    }
  fi
  case $m_what in
    new | old | dir | whole | empty | tree | mode | made | line | value | keys | module | user | shell | mount | \
      fstab | came | gone | packages | firewall | zone | context | boolean) "m_back_$m_what" || return 1 ;;
    open-line) m_back_line open || return 1 ;;
    home) m_back_former_home || return 1 ;;
    member:*) m_back_member || return 1 ;;
  esac
  if [ -n "$m_stays" ]; then
    printf '%s\n' "$m_line" >>"$m_tmp/stay"
  elif [ -n "$m_former" ]; then
    m_remember
  fi
}

m_all_back() {
  m_reread='' m_plain='' m_purged='' m_came_who='' m_units='' m_taken=
  if m_has systemctl || m_is_openrc; then m_units=1; fi
  m_each "$m_tmp/all" m_list_kept
  [ -z "$m_units" ] || m_each "$m_tmp/go" m_if_unit m_unit_down
  # While the programs that came with packages are there, and before what is in them.
  m_each "$m_tmp/go" m_if_tree m_back_tree
  m_each "$m_tmp/go" m_back
  if [ -n "$m_plain$m_purged$m_came_who" ]; then m_back_packages; fi
  # Packages take along what they call theirs, which was there before them.
  [ -z "$m_taken" ] || m_each "$m_tmp/go" m_if_before m_back
  if [ -n "$m_units" ]; then
    [ -z "$m_reread" ] || [ "$m_mode" != apply ] || ! m_has systemctl || systemctl daemon-reload
    m_each "$m_tmp/go" m_if_unit m_unit_up
  fi
  m_each "$m_tmp/go" m_if_image m_back_image
}

# Only what is back is struck out, and only then do its copies go: on the disk too.
m_strike_out() {
  [ -z "$m_brought" ] || sync
  # In the order that they were noted in.
  if [ -s "$m_tmp/stay" ]; then
    grep -xF -f "$m_tmp/stay" "$m_tmp/all" | sed -n '1!G;h;$p' >"$m_ledger/new" || return 1
  else
    : >"$m_ledger/new"
  fi
  mv -f "$m_ledger/new" "$m_ledger/log" || return 1
  for m_file in "$m_ledger"/*; do
    m_name=${m_file##*/}
    case $m_name in
      log | wants.* | left.*) ;;
      *) grep -qF " ${m_name%%.packages*} " "$m_ledger/log" || rm -rf "$m_file" ;;
    esac
  done
}

# The lists of a role that has left.
m_drop_lists() {
  m_find_former
  for m_name in $m_former; do rm -f "$m_ledger/$m_name"; done
  rm -f "$m_ledger/left.$m_role"
}

# Also folders of scripts that were killed. Those that wait for the lock have one as well.
m_leave_run_dir() {
  for m_file in "$m_run_dir"/muster.??????/id.*; do
    [ -e "$m_file" ] && read -r m_pid <"$m_file" || continue
    kill -0 "$m_pid" 2>/dev/null || rm -rf "${m_file%/*}"
  done
  rm -f "$m_run_dir/muster.lock"
}

# With the last role go muster's own things.
m_leave_node() {
  [ "$m_others" = ' ' ] && [ ! -s "$m_ledger/log" ] || return 0
  if [ -d "$m_store" ] && ! m_mounted "$m_store"; then
    rm -rf "$m_store/.checked"
    find "$m_store" -maxdepth 1 -type f -name \
      '[0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f]*' -exec rm -f {} +
    rmdir "$m_store" 2>/dev/null && rmdir "${m_store%/*}" 2>/dev/null
  fi
  rm -rf "$m_ledger" "$m_state/owner" "$m_state/pending" "$m_state/images" "$m_state/unpacked" "$m_state/packages"
  rmdir "$m_state" 2>/dev/null
  m_leave_run_dir
}

m_put_back() {
  set +e
  if [ ! -d "$m_ledger" ]; then
    [ "$m_mode" = apply ] || return 0
    if [ -e "$m_state/owner" ]; then rm -f "$m_state/owner" && rmdir "$m_state" 2>/dev/null; fi
    m_leave_run_dir
    return 0
  fi
  [ "$m_mode" != apply ] || m_packages_unfinished
  m_load_log
  m_who_stays
  m_failed='' m_brought='' m_former=
  for m_file in all stay go kept; do : >"$m_tmp/$m_file"; done
  [ ! -e "$m_ledger/log" ] || sed -n '1!G;h;$p' "$m_ledger/log" >"$m_tmp/all"
  m_each "$m_tmp/all" m_sort_out
  m_all_back
  [ "$m_mode" = apply ] || return 0
  m_strike_out || m_fail "cannot write to $m_ledger"
  [ -n "$m_failed" ] || m_drop_lists
  [ -z "$m_failed" ] || m_fail "these could not be put back; run it again when they can:$m_nl$m_failed"
  m_leave_node
  return 0
}
