#include "provisioner/tasks/facts.h"

#include <algorithm>

#include "provisioner/base/error.h"
#include "provisioner/base/text.h"
#include "provisioner/tasks/answer.h"
#include "provisioner/tasks/compile.h"
#include "provisioner/tasks/kind.h"

namespace muster {

namespace {

/// What of a chatty answer is worth showing.
constexpr std::size_t kShown = 300;

/// Reads files with builtins; only id, uname, nproc and stat are programs.
constexpr const char* kFactsScript = R"sh(
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

# zsh and the like do not split words.
m_is_posix() {
  m_words='a b'
  set -- $m_words
  [ "$#" -eq 2 ]
}

# Those files that are as they were when they were checked (store_script.cc). A store that cannot
# be written is the cache of the machine that this node runs on, which checked them itself.
m_list_store() {
  if [ ! -w "$m_store" ]; then
    for m_file in "$m_store"/*; do
      [ ! -f "$m_file" ] || m_fact store "${m_file##*/}"
    done
    return
  fi
  stat -c '%n %s %i %y %z' "$m_store"/* 2>/dev/null | while read -r m_file m_now; do
    m_known=
    read -r m_known 2>/dev/null <"$m_store/.checked/${m_file##*/}"
    [ "$m_now" != "$m_known" ] || m_fact store "${m_file##*/}"
  done
}

m_facts() {
  m_is posix m_is_posix
  m_fact uid "$(id -u)"
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
  m_is openrc m_is_openrc
  m_package_family
  m_is apt [ "$m_family" = apt ]
  m_is dnf [ "$m_family" = dnf ]
  m_is apk [ "$m_family" = apk ]
  m_list_store
}
)sh";

/// Nothing of what is called may read the rest of the script, and without the last line nothing is.
std::string call_all(const std::string& calls) {
  return "m_all() {\n  exec </dev/null\n" + calls + "  printf '%s end\\n' \"$m_nonce\"\n}\nm_all\n";
}

constexpr const char* kLoginHint =
    "see whether its login runs scripts: ssh to it and run 'echo true | sh'; its login files "
    "(.bashrc, .cshrc, ...) must not read stdin, start another shell or exit, and sshd must not "
    "force another command (ForceCommand, internal-sftp)";

/// The end of what a node said: no NUL may cut our message, nothing of it may reach a terminal.
std::string end_of(const std::string& text) {
  auto shown = trim(text);
  if (shown.size() > kShown) shown = "..." + shown.substr(shown.size() - kShown);
  for (char& c : shown) {
    if ((c >= 0 && c < ' ' && c != '\n') || c == '\x7f') c = '?';
  }
  return shown;
}

std::string hint_for(const Login& login) {
  auto says = [&](const char* words) {
    return login.error_output.find(words) != std::string::npos;
  };
  const auto& user = login.user;
  if (user == "root" || !says("sudo")) return kLoginHint;
  auto file = " into /etc/sudoers.d/" + user + " on the node";
  if (says("must have a tty")) return "put 'Defaults:" + user + " !requiretty'" + file;
  if (says("not found") || says("Unknown command")) {
    return "install sudo on the node, or log in as root";
  }
  return user + " needs sudo without a password: put '" + user + " ALL=(ALL) NOPASSWD:ALL'" + file;
}

bool is_sha256(std::string_view name) {
  return name.size() == 64 && name.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

}  // namespace

std::string fact(const Facts& facts, const std::string& name) {
  auto found = facts.values.find(name);
  return found == facts.values.end() ? "" : found->second;
}

std::string architecture(const Facts& facts) {
  return facts.values.contains("arch") ? fact(facts, "arch") : "amd64";
}

std::string facts_script(const std::string& nonce) {
  return facts_script(nonce, "", "  m_facts\n");
}

std::string facts_script(const std::string& nonce, const std::string& more,
                         const std::string& calls) {
  return "m_nonce=" + shell_quote(nonce) + " m_store=" + kNodeStore + std::string(kShellFamily) +
         kFactsScript + more + call_all(calls);
}

Error no_facts(const Login& login) {
  auto why = end_of(login.error_output);
  if (why.empty()) why = end_of(login.output);
  if (login.timed_out) why = "it did not end in time" + (why.empty() ? "" : ": " + why);
  if (why.empty()) why = "it said nothing";
  return Error("'" + login.node + "' does not run scripts for " + login.user + ": " + why)
      .hint(hint_for(login));
}

void check_shell(const Facts& facts, const Login& login) {
  auto is = [&](const char* fact, const char* value) {
    auto found = facts.values.find(fact);
    return found != facts.values.end() && found->second == value;
  };
  auto who = "'" + login.node + "' runs scripts for " + login.user;
  if (!is("uid", "0")) {
    throw Error(who + " without the rights of root")
        .hint("a login file of " + login.user + " starts another shell (exec in .bashrc, .cshrc, " +
              "...), or sudo is not the real one");
  }
  if (!is("posix", "true")) {
    throw Error(who + " in a shell that is not POSIX sh")
        .hint("a login file of " + login.user + " starts another shell (exec in .bashrc, .cshrc, " +
              "...), or 'sh' on the node is no POSIX shell");
  }
}

Facts parse_facts(std::string_view answer, const std::string& nonce) {
  Facts facts;
  bool whole = read_answer(answer, nonce, [&](const std::string& key, const std::string& value) {
    if (key.starts_with(kCheckPrefix)) return;
    if (key != "store") {
      facts.values[key] = value;
    } else if (is_sha256(value)) {
      facts.store.push_back(value);
    }
  });
  if (whole) return facts;
  throw Error("the node did not say what it is; it answered '" + end_of(std::string(answer)) + "'")
      .hint(kLoginHint);
}

}  // namespace muster
