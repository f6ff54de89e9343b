# Sourced.
# shellcheck shell=bash
# fetch_registry FOLDER: Debian's docker-registry, unpacked: FOLDER/usr/bin/docker-registry.
fetch_registry() {
  mkdir -p "$1"
  _download_registry "$1" || { apt-get -qq update && _download_registry "$1"; } || return
  dpkg -x "$1"/docker-registry*.deb "$1"
}
_download_registry() { (cd "$1" && apt-get -qq download -o APT::Sandbox::User=root docker-registry); }
