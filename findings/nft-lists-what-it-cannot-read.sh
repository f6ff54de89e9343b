#!/bin/sh
# What `nft list ruleset` prints cannot be loaded by the same nft on a machine without /etc/protocols, although nothing
# in the rules that were loaded needs that file.
#
# nft has words of its own for a few protocols, `icmpv6` among them, and looks all others up. It prints them by the
# names of /etc/protocols, and there number 58 is `ipv6-icmp`, which is no word of nft's. So a rule that loads
# everywhere is listed in a form that only loads beside netbase, which nftables only recommends: Debian's minbase and
# most images are without it. Where the file is missing nft prints numbers, which load everywhere, as those of
# `nft --numeric-protocol list ruleset` do.
#
# Packages: nftables 1.0.6-2+deb12u2 and netbase 6.4 of Debian 12 with what they need, in a root folder and a network
# namespace of its own. Needs root, mmdebstrap, util-linux and a minute.
#
# Seen:
#   without netbase: loads meta l4proto { icmp, icmpv6 }, lists meta l4proto { 1, 58 }
#   with netbase: loads meta l4proto { icmp, icmpv6 }, lists meta l4proto { icmp, ipv6-icmp }
#   that list without netbase: Error: Could not resolve protocol name
#   numbers that were listed with netbase, without it: loads meta l4proto { 1, 58 }, lists meta l4proto { 1, 58 }
set -eu

if [ "${1-}" != inside ]; then
  work=$(mktemp -d "${TMPDIR:-/tmp}/finding.XXXXXX")
  trap 'rm -rf --one-file-system "$work"' EXIT
  trap 'exit 130' HUP INT TERM
  # shellcheck disable=SC2016
  mmdebstrap -q --variant=minbase --include=nftables \
    --aptopt='APT::Install-Recommends "false"' \
    --customize-hook='chroot "$1" apt-get -qy --download-only install netbase' \
    --customize-hook='cp "$1"/var/cache/apt/archives/netbase_*.deb "$1/root/netbase.deb"' \
    bookworm "$work/root" http://deb.debian.org/debian >"$work/log" 2>&1 || { tail -n 20 "$work/log" >&2; exit 1; }
  unshare --net sh "$0" inside "$work/root" >"$work/seen" 2>"$work/log" || { cat "$work/seen" "$work/log" >&2; exit 1; }
  cat "$work/seen"
  sed -n '/^# Seen:$/,/^[^#]/s/^#   //p' "$0" >"$work/wanted"
  diff "$work/wanted" "$work/seen"
  echo "as before"
  exit
fi

root=$2
in_root() { chroot "$root" "$@"; }
rules() { grep -o 'meta l4proto {[^}]*}'; }
try() {  # FILE
  if in_root nft -f - <"$1" 2>"$root/error"; then
    echo "loads $(rules <"$1"), lists $(in_root nft list ruleset | rules)"
  else
    grep -o 'Error: .*' "$root/error"
  fi
  in_root nft list ruleset >"$root/listed"
  in_root nft --numeric-protocol list ruleset >"$root/numbers"
  in_root nft flush ruleset
}

[ "$(in_root dpkg-query -W -f '${Version}' nftables)" = 1.0.6-2+deb12u2 ]
printf 'table inet t {\n  chain c {\n    meta l4proto { icmp, icmpv6 } accept\n  }\n}\n' >"$root/written"
echo "without netbase: $(try "$root/written")"
in_root dpkg -i /root/netbase.deb >&2
[ "$(in_root dpkg-query -W -f '${Version}' netbase)" = 6.4 ]
echo "with netbase: $(try "$root/written")"
cp "$root/listed" "$root/names"
cp "$root/numbers" "$root/digits"
in_root dpkg --purge netbase >&2
echo "that list without netbase: $(try "$root/names")"
echo "numbers that were listed with netbase, without it: $(try "$root/digits")"
