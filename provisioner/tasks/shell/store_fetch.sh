# shellcheck shell=dash
# Downloads a file.

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
