# shellcheck shell=dash
# What the store has of a file.

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
