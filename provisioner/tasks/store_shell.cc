#include "provisioner/tasks/store_shell.h"

namespace muster {

/// Names: <sha256>.<form>.part is nobody's, <sha256>.<form>.part.<owner> is being written.
const std::string_view kStoreCore = R"sh(
PATH=${PATH:-/usr/bin:/bin}:/usr/local/bin:/usr/local/sbin:/usr/sbin:/sbin
LC_ALL=C
export PATH LC_ALL
umask 022
m_file=$m_store/$m_sha

m_fail() {
  printf '%s\n' "$1" >&2
  exit "${2:-1}"
}

# Sets m_bytes.
m_size() { m_bytes=$(stat -c %s "$1" 2>/dev/null) || m_bytes=0; }

# openssl lets the CPU do it where that can, which coreutils and old busyboxes do not: half of
# what an upload costs the node. The hash of nothing tells whether it works.
case $(openssl dgst -sha256 -r </dev/null 2>/dev/null) in
  e3b0c44298fc1c149afb*) m_hash() { openssl dgst -sha256 -r; } ;;
  *) m_hash() { sha256sum; } ;;
esac

# What changes when a file does; facts compare it.
m_stamp() { stat -c '%s %i %y %z' "$m_file"; }

# m_install FILE: whole and checked.
m_install() {
  { chmod 0755 "$1" && mv -f "$1" "$m_file"; } 2>/dev/null || {
    [ -f "$1" ] || exit 77
    m_fail "cannot move $1 to $m_file"
  }
  rm -f "$m_file".*.*
  mkdir -p "$m_store/.checked" && m_stamp >"$m_store/.checked/$m_sha"
  exit 0
}
)sh";

const std::string_view kStoreAsk = R"sh(
m_say() { printf '%s %s\n' "$m_nonce" "$1"; }

# As it was when it was checked; or checked now.
m_is_good() {
  [ -f "$m_file" ] || return 1
  m_now=$(m_stamp 2>/dev/null)
  m_known=
  read -r m_known 2>/dev/null <"$m_store/.checked/$m_sha"
  if [ -n "$m_now" ] && [ "$m_now" = "$m_known" ]; then return 0; fi
  m_sum=$(m_hash <"$m_file")
  if [ "${m_sum%% *}" = "$m_sha" ]; then
    { mkdir -p "$m_store/.checked" && m_stamp >"$m_store/.checked/$m_sha"; } 2>/dev/null
    return 0
  fi
  rm -f "$m_file" || exit 1
  m_say damaged=true
  return 1
}

# Sets m_seen to how much other runs have written.
m_look() {
  m_seen=
  for m_part in "$m_file".*.*.*; do
    case $m_part in
      *\* | *".$m_run-"*) ;;
      *) m_seen="$m_seen $m_part $(stat -c %s "$m_part" 2>/dev/null)" ;;
    esac
  done
  return 0
}

# Until other runs' uploads are done, or write nothing more, or for too long.
m_wait() {
  m_quiet=0 m_waited=0 m_before=
  while m_look && [ -n "$m_seen" ] && [ ! -e "$m_file" ]; do
    if [ "$m_seen" = "$m_before" ]; then m_quiet=$((m_quiet + 1)); else m_quiet=0; fi
    [ "$m_quiet" -lt "$m_stalled" ] || return 0
    [ "$m_waited" -lt "$m_patience" ] || return 1
    m_before=$m_seen
    m_waited=$((m_waited + 1))
    sleep 1
  done
}

# m_take_over PATTERN-END: what dead uploads have left becomes nobody's. It is copied: should its
# writer be alive after all, it does no harm to the copy.
m_take_over() {
  for m_part in "$m_file".*.*."$1"*; do
    m_public=$m_file.none
    case $m_part in
      *\*) continue ;;
      *.part.*)
        m_public=${m_part%.part.*}.part
        m_size "$m_public"
        m_had=$m_bytes
        m_size "$m_part"
        if [ "$m_bytes" -gt "$m_had" ]; then
          cp "$m_part" "$m_public.$m_owner" 2>/dev/null && mv -f "$m_public.$m_owner" "$m_public"
        fi
        ;;
    esac
    rm -f "$m_part" "$m_public.$m_owner"
  done
}

m_parts() {
  for m_form in raw gzip zstd; do
    m_part=$m_file.$m_form.part
    [ -s "$m_part" ] || continue
    m_size "$m_part"
    m_sum=$(m_hash <"$m_part") || continue
    m_say "part=$m_form $m_bytes ${m_sum%% *}"
  done
}

m_all() {
  exec </dev/null
  mkdir -p "$m_store" || exit 1
  if m_wait; then m_others=; else m_others=$m_run-; fi
  if m_is_good; then
    m_say has=true
  else
    m_take_over "$m_others"
    m_parts
    for m_tool in gzip zstd curl wget; do
      if command -v "$m_tool" >/dev/null 2>&1; then m_say "tool=$m_tool"; fi
    done
    m_say "free=$(stat -f -c '%a %S' "$m_store" 2>/dev/null)"
  fi
  m_say end
}
)sh";

const std::string_view kStoreReceive = R"sh(
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
    [ -f "$m_mine" ] && [ -f "$m_whole" ] || { m_drop; exit 77; }
    m_drop
    m_fail "what came has the sha256 $m_sum" 76
  fi
  if [ "$m_form" != raw ]; then rm -f "$m_mine"; fi
  m_install "$m_whole"
}
)sh";

const std::string_view kStoreFetch = R"sh(
m_mine=$m_file.raw.part.$m_owner

m_drop() {
  rm -f "$m_mine"
  m_fail "${1:-cannot download $m_url}" "${2:-75}"
}

# Not with wget's own time limit: busybox 1.35 crashes of it.
m_download() {
  if command -v curl >/dev/null 2>&1; then
    curl -fsSL --proto '=http,https' --connect-timeout 3 --speed-limit 10000 --speed-time 15 \
      --max-time "$m_seconds" -o "$m_mine" -- "$m_url"
  else
    timeout 4 wget -q --spider -- "$m_url" &&
      timeout "$m_seconds" wget -q -O "$m_mine" -- "$m_url"
  fi
}

m_all() {
  exec </dev/null
  trap m_drop HUP INT TERM
  mkdir -p "$m_store" || exit 73
  m_download || m_drop
  m_sum=$(m_hash <"$m_mine") || m_drop
  m_sum=${m_sum%% *}
  [ "$m_sum" = "$m_sha" ] || m_drop "$m_url has the sha256 $m_sum" 76
  m_install "$m_mine"
}
)sh";

}  // namespace muster
