#include "provisioner/tasks/kind.h"

namespace muster {

namespace {

constexpr std::string_view kShell = R"sh(
# Sets m_here to those of the packages that are installed, each between spaces.
m_package_find() {
  m_here=' '
  if command -v dpkg-query >/dev/null 2>&1; then
    m_here=" $(dpkg-query -W -f '${db:Status-Status}/${Package} ' "$@" 2>/dev/null || :)"
    m_mark=installed/
  elif command -v rpm >/dev/null 2>&1; then
    for m_package; do
      if rpm -q --quiet --whatprovides "$m_package"; then m_here="$m_here${m_package%%:*} "; fi
    done
  elif command -v apk >/dev/null 2>&1; then
    for m_package; do
      if apk info -q -e "$m_package"; then m_here="$m_here${m_package%%:*} "; fi
    done
  else
    m_fail "this node has no package database that muster knows (dpkg, rpm or apk)"
  fi
}

# m_package_run install|remove PACKAGE...
m_package_run() {
  m_verb=$1
  shift
  export DEBIAN_FRONTEND=noninteractive
  if command -v apt-get >/dev/null 2>&1; then
    # Without a mirror the packages may still be in the cache.
    if [ "$m_verb" = install ]; then apt-get -q update || echo "the package lists are old"; fi
    m_do apt-get -q -y --no-install-recommends -o DPkg::Lock::Timeout=60 \
      -o Dpkg::Options::=--force-confold "$m_verb" "$@"
  elif command -v dnf >/dev/null 2>&1; then
    m_do dnf -y "$m_verb" "$@"
  elif command -v yum >/dev/null 2>&1; then
    m_do yum -y "$m_verb" "$@"
  elif command -v apk >/dev/null 2>&1; then
    if [ "$m_verb" = install ]; then m_do apk add -U "$@"; else m_do apk del "$@"; fi
  else
    m_fail "this node has no package manager that muster knows (apt-get, dnf, yum or apk)"
  fi
}

# m_package STATE PACKAGE...
m_package() {
  m_state_wanted=$1 m_mark='' m_present='' m_missing=''
  shift
  m_package_find "$@"
  for m_package; do
    case $m_here in
      *" $m_mark${m_package%%:*} "*) m_present="$m_present $m_package" ;;
      *) m_missing="$m_missing $m_package" ;;
    esac
  done
  if [ "$m_state_wanted" = present ] && [ -n "$m_missing" ]; then
    if m_change "install$m_missing"; then m_package_run install $m_missing; fi
  elif [ "$m_state_wanted" = absent ] && [ -n "$m_present" ]; then
    if m_change "remove$m_present"; then m_package_run remove $m_present; fi
  fi
}
)sh";

std::vector<std::string> call(TaskScript& task) {
  std::vector<std::string> words{"m_package", task.text("state")};
  for (const auto& name : task.args.items("names")) words.push_back(name);
  return words;
}

std::string check(const Args& args) {
  for (const auto& name : args.items("names")) {
    if (name[0] == '-' || name.find_first_of(" \t\n*?[") != std::string::npos) {
      return "takes names of packages, not '" + name + "'";
    }
  }
  return "";
}

}  // namespace

Kind package_kind() {
  return {.name = "package",
          .args = {{"names", ArgType::list, true}, state_rule()},
          .library = {kShell},
          .chatty = true,
          .call = call,
          .check = check};
}

}  // namespace muster
