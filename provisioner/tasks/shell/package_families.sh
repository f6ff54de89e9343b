# shellcheck shell=dash
# What differs between apt, dnf and apk: m_package_find_*, m_package_run_*.

m_package_know_family() {
  [ -n "${m_family+set}" ] || m_package_family
  [ -n "$m_family" ] ||
    m_fail "this node has no package database that muster knows (dpkg, rpm or apk)"
}

# Adds those that are "name=version" and there in this version.
m_package_versions_apt() {
  for m_package; do
    case $m_package in
      *=*) m_now=$(dpkg-query -W -f '${db:Status-Status}=${Version}' "${m_package%%=*}" 2>/dev/null) || : ;;
      *) continue ;;
    esac
    if [ "$m_now" = "installed=${m_package#*=}" ]; then m_here="$m_here$m_mark${m_package%%:*} "; fi
  done
}

# Adds those of the others that packages provide. One that apt has a package for is not there as long
# as this one is not.
m_package_provided_apt() {
  m_provided=
  for m_package; do
    case $m_here in
      *" $m_mark${m_package%%:*} "*) continue ;;
    esac
    [ -n "$m_provided" ] ||
      m_provided=$(dpkg-query -W -f '${db:Status-Status}, ${Provides},
' 2>/dev/null |
        grep '^installed, .*[^ ,]') || m_provided=none
    case $m_provided in
      *", $m_package,"* | *", $m_package ("*) ;;
      *) continue ;;
    esac
    case $(apt-cache policy "$m_package" 2>/dev/null) in
      '' | *'Candidate: (none)'*) m_here="$m_here$m_mark${m_package%%:*} " ;;
    esac
  done
}

m_package_find_apt() {
  m_names=
  for m_package; do m_names="$m_names ${m_package%%=*}"; done
  m_here=" $(dpkg-query -W -f '${db:Status-Status}/${Package} ' $m_names 2>/dev/null || :)"
  m_mark=installed/
  m_package_versions_apt "$@"
  # What is to be away is away when only others provide it: apt removes no such name.
  [ "$m_state_wanted" = absent ] || m_package_provided_apt "$@"
}

m_package_find_dnf() {
  m_here=' '
  for m_package; do
    # The one knows name-version, the other what packages provide.
    if rpm -q --quiet "$m_package" >/dev/null || rpm -q --quiet --whatprovides "$m_package" >/dev/null; then
      m_here="$m_here${m_package%%:*} "
    fi
  done
}

m_package_find_apk() {
  m_here=' '
  for m_package; do
    if apk info -q -e "$m_package"; then m_here="$m_here${m_package%%:*} "; fi
  done
}

# The bundle's packages as apt's only source, in a folder of ours that m_package_run_apt takes away; the
# node's own sources, lists and cache stay as they are. Their sum was checked, and they hold their index.
m_package_unpack_apt() {
  m_bundle=$m_state/packages
  rm -rf "$m_bundle"
  mkdir -p "$m_bundle/lists/partial" "$m_bundle/archives/partial"
  tar -xf "$m_packages_from" -C "$m_bundle" || {
    rm -rf "$m_bundle"
    m_fail "cannot unpack the bundle's packages in $m_state"
  }
  printf 'deb [trusted=yes] file:%s ./\n' "$m_bundle" >"$m_bundle/sources.list"
}

m_bundled_apt_get() {
  apt-get -q -o Dir::Etc::SourceList="$m_bundle/sources.list" -o Dir::Etc::SourceParts=/dev/null \
    -o Dir::State::Lists="$m_bundle/lists" -o Dir::Cache::Archives="$m_bundle/archives" \
    -o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache= -o APT::Sandbox::User=root "$@"
}

m_package_run_bundled_apt() {
  m_package_unpack_apt
  m_told "apt-get with the bundle's packages: $*"
  m_ended=0
  { m_bundled_apt_get update && m_bundled_apt_get "$@"; } || m_ended=$?
  rm -rf "$m_bundle"
  [ "$m_ended" = 0 ] ||
    m_fail "apt cannot install them from the bundle, see above: was it made for this definition and these roles?"
}

# apt tells what it is about to unpack: should nobody see its end, these were asked for. dnf and apk take
# along by themselves what nothing needs any more.
m_apt_tells() {
  printf 'DPkg::Pre-Install-Pkgs { "%s >>%s.asked"; };\n' "sed 's,.*/,package:,; s/_.*//'" "$m_open" >"$m_tmp/apt.conf"
  export APT_CONFIG="$m_tmp/apt.conf"
}

m_package_run_apt() {
  m_has apt-get || m_fail "this node has dpkg, but no apt-get"
  export DEBIAN_FRONTEND=noninteractive
  # Only Debian's packages start their services, by systemctl: it leaves systemd alone then.
  [ "$m_start" = true ] || export SYSTEMD_OFFLINE=1
  [ "$1" != install ] || m_apt_tells
  if [ "$1" = install ] && [ -n "${m_packages_from:-}" ]; then
    m_package_run_bundled_apt -y --no-install-recommends -o DPkg::Lock::Timeout=60 \
      -o Dpkg::Options::=--force-confold "$@"
    return
  fi
  # Without a mirror the packages may still be in the cache.
  if [ "$1" = install ]; then apt-get -q update || echo "the package lists are old"; fi
  m_do apt-get -q -y --no-install-recommends -o DPkg::Lock::Timeout=60 \
    -o Dpkg::Options::=--force-confold "$@"
}

m_package_run_dnf() {
  m_verb=$1
  shift
  if m_has dnf; then
    # What it knows of its repositories may be days old.
    m_refresh=
    [ "$m_verb" != install ] || m_refresh=--refresh
    m_do dnf -y $m_refresh "$m_verb" "$@"
  elif m_has yum; then
    m_do yum -y "$m_verb" "$@"
  else
    m_fail "this node has rpm, but neither dnf nor yum"
  fi
}

m_package_run_apk() {
  m_verb=$1
  shift
  if [ "$m_verb" = install ]; then
    m_do apk add --wait 60 -U "$@"
  else
    m_do apk del --wait 60 "$@"
  fi
}
