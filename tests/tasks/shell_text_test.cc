#include "provisioner/tasks/shell_text.h"

#include <doctest/doctest.h>

#include <regex>
#include <set>

#include "provisioner/tasks/facts.h"
#include "provisioner/tasks/kind.h"
#include "provisioner/tasks/preflight.h"
#include "provisioner/tasks/store_script.h"
#include "tests/tasks/compiling.h"

using namespace muster;
using namespace muster::testing;

namespace {

/// One task of each kind.
const std::string kAllKinds = R"(
tasks:
  - {name: a, package: {names: [curl]}}
  - {name: b, file: {path: /srv/a, content: "x\n"}, notify: [again]}
  - {name: c, directory: {path: /srv/d}}
  - {name: d, link: {path: /srv/l, to: /srv/a}}
  - {name: e, line: {path: /etc/hosts, line: x}}
  - {name: f, artifact: {name: tool, path: /opt/bin/tool}}
  - {name: g, unpack: {name: tool, into: /opt/tools}}
  - {name: h, user: {name: ann}}
  - {name: i, authorized_key: {user: ann, keys: [key]}}
  - {name: j, sysctl: {name: net.ipv4.ip_forward, value: "1"}}
  - {name: k, module: {name: overlay}}
  - {name: l, mount: {path: /srv/m, source: none, type: tmpfs}}
  - {name: m, unit: {name: a.service, enabled: true}}
  - {name: n, command: {run: "true"}}
  - {name: o, wait: {until: "true"}}
  - {name: p, manifest: {name: m, content: "no newline"}}
  - {name: q, image: {name: tool, ref: "a:b"}}
  - {name: r, firewall: {ports: [1/tcp]}}
  - {name: s, file_context: {path: /srv/a, type: bin_t}}
  - {name: t, selinux_boolean: {name: a, value: true}}
handlers:
  - {name: again, unit: {name: a.service, state: restarted}}
traces: [/var/lib/a]
)";

/// The functions that a script defines more than once.
std::string defined_twice(const std::string& script) {
  static const std::regex kFunction("(^|\n)([A-Za-z_][A-Za-z_0-9]*) *\\(\\)");
  std::set<std::string> once;
  std::string twice;
  for (std::sregex_iterator at(script.begin(), script.end(), kFunction), end; at != end; ++at) {
    auto name = at->str(2);
    if (!once.insert(name).second) twice += name + " ";
  }
  CHECK(once.size() >= 3);
  return twice;
}

void check_defines_once(const std::string& script) { CHECK(defined_twice(script) == ""); }

}  // namespace

TEST_CASE("shell text: a script of all kinds defines no function twice") {
  Compiling all(kAllKinds);
  all.artifacts["tool"] = "abc";
  all.packages_sha256 = "abc";
  std::set<std::string> used;
  for (const auto& task : all.role.tasks) used.insert(task.kind);
  CHECK(used.size() == kinds().size());
  for (auto mode : {Mode::apply, Mode::check}) {
    check_defines_once(all.script(mode).script);
    check_defines_once(all.undo(mode).script);
  }
  all.role.undo = all.role.tasks;
  check_defines_once(all.undo().script);
}

TEST_CASE("shell text: no other script defines a function twice") {
  PreflightQuestions questions;
  questions.packages["apt"] = {"curl"};
  check_defines_once(facts_script(kNonce));
  check_defines_once(preflight_script(kNonce, questions));
  check_defines_once(stop_script(kNonce));
  check_defines_once(ask_store_script(StorePlace(), kNonce));
  check_defines_once(receive_script(Receive()));
  check_defines_once(fetch_script(StorePlace(), "http://localhost/", 1));
}

TEST_CASE("shell text: what the compiler sets keeps its value") {
  Compiling all(kAllKinds);
  all.artifacts["tool"] = "abc";
  all.packages_sha256 = "abc";
  for (const auto& script : {all.script().script, all.undo().script}) {
    auto calls = script.find("m_all() {");
    auto functions = script.substr(0, calls);
    static const std::regex kSet("\n  (m_[a-z_]+)=");
    int count = 0;
    for (std::sregex_iterator at(script.begin() + static_cast<long>(calls), script.end(), kSet),
         end;
         at != end; ++at, ++count) {
      auto name = at->str(1);
      // A folder with room; when files were looked at last; in a subshell, that of an earlier
      // script.
      if (name == "m_run_dir" || name == "m_looked" || name == "m_role") continue;
      CAPTURE(name);
      auto set = std::regex("[ \n](for " + name + "[ ;]|" + name + "=|read .*" + name + "[ \n])");
      CHECK_FALSE(std::regex_search(functions, set));
    }
    CHECK(count >= 10);
  }
}

TEST_CASE("shell text: a function that is defined twice is found") {
  CHECK(defined_twice("m_a() {\n  :\n}\nm_b() { :; }\nm_c() { :; }\nm_d () (:)\nm_a() { :; }\n") ==
        "m_a ");
}
