# shellcheck shell=dash
# Takes a file from stdin.

m_public=$m_file.$m_form.part
m_mine=$m_public.$m_owner
m_out=$m_file.$m_form.out.$m_owner

m_drop() { rm -f "$m_mine" "$m_out"; }

# What has come is kept for the next try.
m_give_back() {
  rm -f "$m_out"
  mv -f "$m_mine" "$m_public" 2>/dev/null
  exit 74
}

m_claim() {
  mkdir -p "$m_store" || exit 73
  if [ "$m_offset" -eq 0 ]; then
    rm -f "$m_public"
    : >"$m_mine" || exit 73
    return
  fi
  mv "$m_public" "$m_mine" 2>/dev/null || exit 77
  m_size "$m_mine"
  if [ "$m_bytes" -ne "$m_offset" ]; then
    rm -f "$m_mine"
    exit 77
  fi
}

# m_write FILE: appends stdin. cat says why, where it cannot.
m_write() {
  cat >>"$1" && return
  m_drop
  m_fail "cannot write to $m_store" 73
}

m_all() {
  trap m_give_back HUP INT TERM
  trap '' PIPE
  m_claim
  m_write "$m_mine"
  m_size "$m_mine"
  [ -f "$m_mine" ] || exit 77
  [ "$m_bytes" -ge "$m_total" ] || m_give_back
  m_whole=$m_mine
  if [ "$m_form" != raw ]; then
    m_whole=$m_out
    : >"$m_out"
    # As the last of a pipe it runs in a subshell, which has told what there is to tell.
    "$m_form" -dc <"$m_mine" 2>/dev/null | m_write "$m_out" || exit
  fi
  # Read back: cheaper than through one more pipe, and what is on the disk is what counts.
  m_sum=$(m_hash <"$m_whole")
  m_sum=${m_sum%% *}
  if [ "$m_sum" != "$m_sha" ]; then
    # Removed by an upload that ended before ours.
    [ -f "$m_mine" ] && [ -f "$m_whole" ] || {
      m_drop
      exit 77
    }
    m_drop
    m_fail "what came has the sha256 $m_sum" 76
  fi
  if [ "$m_form" != raw ]; then rm -f "$m_mine"; fi
  m_install "$m_whole"
}
