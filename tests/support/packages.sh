# unpack_packages NAME...: Debian's, into $work/packages, and not installed. Sourced; $work is the script's.
# shellcheck shell=bash disable=SC2154
unpack_packages() {  # NAME...
  local deb
  mkdir -p "$work/packages/debs"
  download() { (cd "$work/packages/debs" && apt-get -qq download -o APT::Sandbox::User=root "$@"); }
  download "$@" || { apt-get -qq update && download "$@"; } || return 1
  for deb in "$work"/packages/debs/*.deb; do dpkg -x "$deb" "$work/packages" || return 1; done
}
