# Sourced. Prints the newest image of a local Debian 12 node in this machine's cache: what muster has
# made or used last. There may be images of other systems, and of tests, beside it.
# shellcheck shell=bash
newest_node_image() {
  find "${MUSTER_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/muster}/images" -mindepth 1 -maxdepth 1 \
    -type d -name 'node-*' -exec grep -qs '^VERSION_ID="12"' '{}/etc/os-release' \; \
    -printf '%T@ %p\n' 2>/dev/null | sort -n | sed -n '$s/^[^ ]* //p'
}
