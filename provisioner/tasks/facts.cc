#include "provisioner/tasks/facts.h"

#include <algorithm>

#include "provisioner/base/error.h"
#include "provisioner/base/text.h"
#include "provisioner/tasks/answer.h"
#include "provisioner/tasks/compile.h"
#include "provisioner/tasks/shell_text.h"

namespace muster {

namespace {

/// What of a chatty answer is worth showing.
constexpr std::size_t kShown = 300;

/// Nothing of what is called may read the rest of the script, and without the last line nothing is.
std::string call_all(const std::string& calls) {
  return "m_all() {\n  m_reset\n  exec </dev/null\n" + calls +
         "  printf '%s end\\n' \"$m_nonce\"\n}\nm_all\n";
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
  return "m_nonce=" + shell_quote(nonce) + " m_store=" + kNodeStore + shell_text("shell/reset") +
         shell_text("shell/family") + shell_text("shell/facts") + more + call_all(calls);
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
