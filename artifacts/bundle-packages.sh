#!/bin/sh
# Brings the packages that roles install, with all that these depend on, into one tar that is an apt
# repository: for nodes that can reach none. Usage: bundle-packages.sh OUTDIR RELEASE ARCH "NAME..."...
# Each "NAME..." is what one task installs together. Makes OUTDIR/packages.tar, and packages.list with a
# line "NAME VERSION" for each package. Progress goes to stderr.
#
# The machine's own apt stays as it is, and what is installed here does not count: apt works with folders
# of its own and believes that nothing is installed, so that the packages are enough for any node of the
# release. It checks the archive's signatures; nodes rely on the tar's sum, and on the index in it.
set -eu

out=${1:?usage: bundle-packages.sh OUTDIR RELEASE ARCH "NAME..."...}
release=$2 arch=$3
shift 3
mirror=${MUSTER_DEBIAN_MIRROR:-http://deb.debian.org/debian}
security=${MUSTER_DEBIAN_SECURITY_MIRROR:-http://deb.debian.org/debian-security}
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
export LC_ALL=C DEBIAN_FRONTEND=noninteractive

say() { echo "packages: $*" >&2; }

case $release in
  debian-12) suite=bookworm ;;
  *) say "'$release' is none of the releases that packages can be had for: debian-12"; exit 1 ;;
esac
for program in apt-get dpkg-deb tar sha256sum; do
  command -v "$program" >/dev/null ||
    { say "this machine has no $program: make the bundle on a Debian or Ubuntu"; exit 1; }
done
[ -r "$keyring" ] || { say "there is no $keyring: apt-get install debian-archive-keyring"; exit 1; }

# What was left when one was killed: muster runs one at a time.
rm -rf "$out"/.packages.*
work=$(mktemp -d "$out/.packages.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 130' HUP INT TERM
mkdir -p "$work/state/lists/partial" "$work/cache/archives/partial" "$work/log" "$work/repository"
: > "$work/state/status"
for source in "$mirror $suite" "$mirror $suite-updates" "$security $suite-security"; do
  echo "deb [arch=$arch target=Packages signed-by=$keyring] $source main"
done > "$work/sources.list"

# With this machine's configuration for the rest: it may have a proxy.
private_apt() {
  apt-get -qq -o Dir::State="$work/state" -o Dir::State::status="$work/state/status" \
    -o Dir::Cache="$work/cache" -o Dir::Cache::archives=archives/ -o Dir::Log="$work/log" \
    -o Dir::Etc::SourceList="$work/sources.list" -o Dir::Etc::SourceParts=/dev/null \
    -o Dir::Etc::Preferences=/dev/null -o Dir::Etc::PreferencesParts=/dev/null \
    -o Dir::Etc::Trusted=/dev/null -o Dir::Etc::TrustedParts=/dev/null \
    -o APT::Architecture="$arch" -o APT::Architectures="$arch" -o APT::Sandbox::User=root \
    -o APT::Keep-Downloaded-Packages=true -o APT::Update::Error-Mode=any "$@" >&2
}

say "reading what $mirror has for $release"
private_apt update || { say "no package lists from $mirror or $security"; exit 1; }
for names; do
  say "bringing $names, and what these depend on"
  # shellcheck disable=SC2086
  private_apt -y --no-install-recommends --download-only install $names ||
    { say "cannot be had from $mirror: one of $names"; exit 1; }
done

for deb in "$work"/cache/archives/*.deb; do
  [ -f "$deb" ] || { say "apt brought no package"; exit 1; }
  # A colon of a version is %3a in the name, which not everybody reads as it is meant.
  name=$(basename "$deb" | sed 's/%3a/-/g')
  mv "$deb" "$work/repository/$name"
done
for deb in "$work"/repository/*.deb; do
  dpkg-deb -f "$deb"
  printf 'Filename: ./%s\nSize: %s\nSHA256: %s\n\n' "$(basename "$deb")" "$(stat -c %s "$deb")" \
    "$(sha256sum < "$deb" | cut -d' ' -f1)"
  # shellcheck disable=SC2016
  dpkg-deb -W --showformat='${Package} ${Version}\n' "$deb" >> "$work/packages.list"
done > "$work/repository/Packages"

# The same packages give the same bytes.
tar --create --file="$work/packages.tar" --directory="$work/repository" --format=gnu --sort=name \
  --mtime=@0 --owner=0 --group=0 --numeric-owner --mode=u=rwX,go=rX .
mv "$work/packages.list" "$out/packages.list"
mv "$work/packages.tar" "$out/packages.tar"
say "$(wc -l < "$out/packages.list") packages"
