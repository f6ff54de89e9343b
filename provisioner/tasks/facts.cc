#include "provisioner/tasks/facts.h"

#include <algorithm>

#include "provisioner/base/error.h"
#include "provisioner/base/text.h"
#include "provisioner/tasks/compile.h"

namespace muster {

namespace {

/// Reads files with builtins; only uname and nproc are programs.
constexpr const char* kScript = R"sh(
m_fact() { printf '%s %s=%s\n' "$m_nonce" "$1" "$2"; }

m_is() {
  m_name=$1
  shift
  if "$@"; then m_fact "$m_name" true; else m_fact "$m_name" false; fi
}

m_os() {
  ID=linux VERSION_ID=
  [ ! -r /etc/os-release ] || . /etc/os-release
  m_fact os "$ID"
  m_fact os_version "$VERSION_ID"
}

m_in_container() {
  [ -e /run/systemd/container ] || [ -e /run/.containerenv ] || [ -e /.dockerenv ]
}

# One that others can ask too: a local cache on a loopback address answers this node alone.
m_has_nameserver() {
  while read -r m_key m_server m_; do
    case $m_key/$m_server in
      nameserver/127.* | nameserver/::1) ;;
      nameserver/?*) return 0 ;;
    esac
  done 2>/dev/null </etc/resolv.conf
  return 1
}

# In a subshell, which takes the score with it.
m_lowers_oom_score() ( echo -500 >/proc/self/oom_score_adj ) 2>/dev/null

m_all() {
  exec </dev/null
  m_machine=$(uname -m)
  case $m_machine in
    x86_64) m_machine=amd64 ;;
    aarch64) m_machine=arm64 ;;
  esac
  m_fact arch "$m_machine"
  m_os
  m_kernel=
  read -r m_kernel </proc/sys/kernel/osrelease
  m_fact kernel "$m_kernel"
  m_fact cpus "$(nproc)"
  read -r m_key m_kib m_unit </proc/meminfo
  m_fact memory_mb "$((m_kib / 1024))"
  m_is container m_in_container
  if [ -e /sys/fs/cgroup/cgroup.controllers ]; then m_fact cgroup v2; else m_fact cgroup v1; fi
  m_is oom_score_adj m_lowers_oom_score
  m_is nameserver m_has_nameserver
  m_is systemd [ -d /run/systemd/system ]
  for m_file in "$m_store"/*; do
    [ ! -f "$m_file" ] || m_fact store "${m_file##*/}"
  done
  printf '%s end\n' "$m_nonce"
}
)sh";

bool is_sha256(std::string_view name) {
  return name.size() == 64 && name.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

}  // namespace

std::string facts_script(const std::string& nonce) {
  return "m_nonce=" + shell_quote(nonce) + " m_store=" + kNodeStore + kScript + "m_all\n";
}

Facts parse_facts(std::string_view answer, const std::string& nonce) {
  Facts facts;
  for (const auto& line : split(answer, '\n')) {
    auto ours = line.find(nonce + " ");
    if (ours == std::string::npos) continue;
    auto fact = line.substr(ours + nonce.size() + 1);
    if (fact == "end") return facts;
    auto equals = fact.find('=');
    if (equals == std::string::npos) continue;
    auto key = fact.substr(0, equals);
    auto value = trim(fact.substr(equals + 1));
    if (key != "store") {
      facts.values[key] = value;
    } else if (is_sha256(value)) {
      facts.store.push_back(value);
    }
  }
  throw Error("the node did not say what it is; it answered '" +
              trim(answer.substr(0, std::min<std::size_t>(answer.size(), 200))) + "'")
      .hint("see whether its shell runs scripts: ssh to it and run 'echo true | sh'");
}

}  // namespace muster
