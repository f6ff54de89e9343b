// Every task kind on a real node of the provider `local`: in check mode, which must change nothing;
// applied; applied again, which must be all unchanged; then undone, twice. Needs root, and is run
// by tests/integration/tasks.sh. The kind `manifest` needs an API server: the end-to-end tests of
// whole clusters have it, and tests/shells/cases/manifest a likeness.
#include <doctest/doctest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>

#include "providers/local/local.h"
#include "provisioner/artifacts/artifacts.h"
#include "provisioner/base/error.h"
#include "provisioner/base/files.h"
#include "provisioner/base/process.h"
#include "provisioner/base/resources.h"
#include "provisioner/base/text.h"
#include "provisioner/definition/role_reader.h"
#include "provisioner/releases/releases.h"
#include "provisioner/tasks/compile.h"
#include "provisioner/tasks/facts.h"
#include "provisioner/tasks/reply.h"

using namespace muster;
namespace fs = std::filesystem;

namespace {

const std::string kNonce = "5f2c81d04be7a963";
const std::string kTag = "integration/tasks";
/// Not when the program starts: other files' constants may come later.
std::string version() { return known_releases().default_version.text(); }

/// The node that all cases share. A process of its own waits for the end of this one, however it
/// comes, and then removes the node and every file.
class TestNode {
 public:
  TestNode() {
    if (::pipe(pipe_) != 0) throw std::runtime_error("no pipe");
    fs::create_directories(root_);
    cleaner_ = ::fork();
    if (cleaner_ == 0) clean_when_parent_ends();
    ::close(pipe_[0]);
    run_or_throw({"ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key_.string()});
    LocalProvider provider(root_ / "nodes", default_cache_directory());
    provider.prepare({"{}"}, [](const std::string& line) { std::cerr << line << "\n"; });
    NodeSpec spec;
    spec.name = "tasks-1";
    spec.fqdn = "tasks-1.example";
    spec.deployment = "tasks";
    spec.tenant = "tasks-test";
    spec.tag = kTag;
    spec.token = "tasks test " + std::to_string(::getpid());
    spec.hints = R"sh({"internet": false})sh";
    spec.authorized_key = trim(read_file(key_.string() + ".pub"));
    address_ = provider.create(spec).endpoint.address;
  }
  ~TestNode() {
    ::close(pipe_[1]);
    ::waitpid(cleaner_, nullptr, 0);
  }
  TestNode(const TestNode&) = delete;

  /// `input` on the stdin of a command.
  ProcessResult run(const std::string& command, const std::string& input = "") const {
    ProcessSpec spec;
    spec.argv = {"ssh",
                 "-i",
                 key_.string(),
                 "-o",
                 "BatchMode=yes",
                 "-o",
                 "ConnectTimeout=5",
                 "-o",
                 "StrictHostKeyChecking=no",
                 "-o",
                 "LogLevel=ERROR",
                 "-o",
                 "UserKnownHostsFile=" + (root_ / "known_hosts").string(),
                 "root@" + address_,
                 command};
    spec.input = input;
    return run_process(spec);
  }

 private:
  [[noreturn]] void clean_when_parent_ends() const {
    ::setsid();
    for (int number : {SIGINT, SIGTERM, SIGHUP, SIGPIPE}) ::signal(number, SIG_IGN);
    ::close(pipe_[1]);
    char byte = 0;
    while (::read(pipe_[0], &byte, 1) > 0) {
    }
    int status = 0;
    try {
      LocalProvider provider(root_ / "nodes", default_cache_directory());
      for (const auto& node : provider.list(kTag)) provider.destroy(node.handle);
      std::ifstream mounts("/proc/self/mounts");
      std::string all(std::istreambuf_iterator<char>(mounts), {});
      if (all.find(root_.string()) == std::string::npos) fs::remove_all(root_);
    } catch (const std::exception& error) {
      std::cerr << "tasks_test: " << error.what() << "\n";
      status = 1;
    }
    ::_exit(status);
  }

  const fs::path root_ = "/var/lib/muster-tasks-test." + std::to_string(::getpid());
  const fs::path key_ = root_ / "id";
  std::string address_;
  pid_t cleaner_ = 0;
  int pipe_[2] = {-1, -1};
};

const TestNode& node() {
  static TestNode node;
  return node;
}

Artifact artifact(const std::string& name) {
  static const Artifacts artifacts(default_cache_directory(),
                                   std::string(*find_resource("artifacts/catalog.yaml")));
  auto found = artifacts.find(name, version(), "amd64");
  if (!found) throw Error("'" + name + "' is not in the cache; run 'muster artifacts fetch'");
  return *found;
}

/// The outcomes, a word each; a failure with all that the node said.
std::string run_tasks(const Role& role, const std::vector<Task>& tasks, Mode mode) {
  nlohmann::json context{{"cluster", {{"bin_dir", "/opt/test/bin"}}},
                         {"secrets", {{"password", "$(hunter2)'"}}}};
  CompileInput input;
  input.role = &role;
  input.tasks = &tasks;
  input.mode = mode;
  input.context = &context;
  input.nonce = kNonce;
  input.load_template = [](const std::string&) { return "[Service]\nEnvironment=A='b'\n"; };
  input.artifact_sha256 = [](const std::string& name) { return artifact(name).sha256; };
  auto script = compile(input);
  std::vector<std::string> words;
  ReplyParser parser(kNonce, [&](const TaskReply& reply) {
    words.push_back(reply.outcome);
    if (reply.outcome == "failed") {
      words.push_back("(" + script.task_names[static_cast<std::size_t>(reply.index)] + ": " +
                      reply.command + ": " + reply.output + ")");
    }
  });
  auto result = node().run("sh", script.script);
  parser.feed(result.output);
  CHECK(result.error_output == "");
  CHECK(parser.noise() == "");
  CHECK(parser.ended());
  return join(words, " ");
}

std::string repeated(const std::string& word, std::size_t count) {
  return join(std::vector<std::string>(count, word), " ");
}

bool holds(const std::string& proof) { return node().run(proof).exit_code == 0; }

/// `text` is a role's tasks and undo, each of which changes something; `proof` is shell text that
/// holds when, and only when, the tasks are done.
void check_kind(const std::string& text, const std::string& proof) {
  auto role = parse_role("r.yaml", "role: r\n" + text);
  check_role(role);
  auto count = role.tasks.size();
  // Another test's role of this name is no older version of this one.
  CHECK(node().run("rm -rf /var/lib/muster/kept").exit_code == 0);
  CHECK_FALSE(holds(proof));
  CHECK(run_tasks(role, role.tasks, Mode::check) == repeated("changed", count));
  CHECK_FALSE(holds(proof));
  auto applied = run_tasks(role, role.tasks, Mode::apply);
  CHECK(applied.starts_with(repeated("changed", count)));
  CHECK(applied.find("failed") == std::string::npos);
  auto proven = node().run(proof);
  CHECK_MESSAGE(proven.exit_code == 0, proven.output, proven.error_output);
  CHECK(run_tasks(role, role.tasks, Mode::apply) == repeated("unchanged", count));
  CHECK(run_tasks(role, role.tasks, Mode::check) == repeated("unchanged", count));
  if (role.undo.empty()) return;
  auto steps = role.undo.size();
  // One answer more: whether the ledger had something left to put back.
  CHECK(run_tasks(role, role.undo, Mode::check) == repeated("changed", steps + 1));
  CHECK(holds(proof));
  auto undone = run_tasks(role, role.undo, Mode::apply);
  CHECK(undone.starts_with(repeated("changed", steps)));
  CHECK(undone.find("failed") == std::string::npos);
  CHECK_FALSE(holds(proof));
  CHECK(run_tasks(role, role.undo, Mode::apply) == repeated("unchanged", steps + 1));
}

}  // namespace

TEST_CASE("tasks on a node: facts") {
  auto facts = parse_facts(node().run("sh", facts_script(kNonce)).output, kNonce);
  CHECK(facts.values.at("os") == "debian");
  CHECK(facts.values.at("arch") == "amd64");
  CHECK(facts.values.at("container") == "true");
  CHECK(facts.values.at("systemd") == "true");
  CHECK(facts.values.at("kernel") == trim(node().run("uname -r").output));
  CHECK_FALSE(facts.store.empty());
}

TEST_CASE("tasks on a node: file, directory, link, line") {
  check_kind(R"sh(
tasks:
  - {name: d, directory: {path: /srv/kinds/d, mode: "0750", group: adm}}
  - {name: f, file: {path: /srv/kinds/d/f, content: "a 'b' $(c)\n", mode: "0640", owner: games}}
  - {name: g, file: {path: /srv/kinds/d/g, content: "{{secrets.password}}", mode: "0600", secret: true}}
  - {name: l, link: {path: /srv/kinds/l, to: d/f}}
  - {name: n, line: {path: /etc/environment, line: "KIND=1", match: "^KIND="}}
  - {name: h, line: {path: /etc/hosts, line: "10.9.8.7 kinds"}}
undo:
  - {name: h, line: {path: /etc/hosts, line: "10.9.8.7 kinds", state: absent}}
  - {name: n, line: {path: /etc/environment, match: "^KIND=", state: absent}}
  - {name: l, link: {path: /srv/kinds/l, state: absent}}
  - {name: f, file: {path: /srv/kinds/d/f, state: absent}}
  - {name: d, directory: {path: /srv/kinds, state: absent}}
)sh",
             R"sh([ "$(stat -c '%a %U %G' /srv/kinds/d)" = '750 root adm' ] &&
[ "$(stat -L -c '%a %U %G' /srv/kinds/l)" = '640 games root' ] &&
[ "$(cat /srv/kinds/d/g)" = "\$(hunter2)'" ] && grep -qx KIND=1 /etc/environment &&
[ "$(getent hosts kinds)" = "10.9.8.7        kinds" ])sh");
}

TEST_CASE("tasks on a node: package, from a repository of the node's own") {
  auto made = node().run(R"sh(set -e
mkdir -p /srv/repo/p/DEBIAN
cd /srv/repo
printf '%s\n' 'Package: kinds' 'Version: 1.0' 'Architecture: all' 'Maintainer: a <a@b.c>' \
  'Description: d' >p/DEBIAN/control
dpkg-deb -b p kinds.deb
rm -rf /etc/apt/sources.list /etc/apt/sources.list.d/*
{ dpkg-deb -f kinds.deb; echo "Filename: ./kinds.deb"; echo "Size: $(stat -c %s kinds.deb)"
  echo "SHA256: $(sha256sum kinds.deb | cut -d' ' -f1)";
} >Packages
echo 'deb [trusted=yes] file:/srv/repo ./' >/etc/apt/sources.list)sh");
  REQUIRE_MESSAGE(made.exit_code == 0, made.error_output);
  check_kind(R"sh(
tasks:
  - {name: p, package: {names: [kinds, libc6]}}
undo:
  - {name: p, package: {names: [kinds], state: absent}}
)sh",
             "dpkg-query -W -f '${db:Status-Status}' kinds | grep -qx installed");
}

TEST_CASE("tasks on a node: user and authorized_key") {
  check_kind(R"sh(
tasks:
  - {name: u, user: {name: kinds, shell: /bin/sh, groups: [adm], sudo: true}}
  - {name: k, authorized_key: {user: kinds, keys: ["ssh-ed25519 AAAA one", "ssh-ed25519 BBBB two"]}}
undo:
  - {name: k, authorized_key: {user: kinds, keys: []}}
  - {name: u, user: {name: kinds, state: absent}}
)sh",
             R"sh(id -nG kinds | grep -qw adm && grep -q ^kinds /etc/sudoers.d/muster-kinds &&
grep -q BBBB /home/kinds/.ssh/authorized_keys && su kinds -c 'cat ~/.ssh/authorized_keys')sh");
  CHECK_FALSE(holds("test -e /home/kinds || test -e /etc/sudoers.d/muster-kinds"));
}

TEST_CASE("tasks on a node: sysctl and module") {
  check_kind(R"sh(
tasks:
  - {name: s, sysctl: {name: net.ipv4.conf.all.log_martians, value: 1}}
  - {name: r, sysctl: {name: net.ipv4.ip_local_port_range, value: "20000 50000"}}
)sh",
             R"sh([ "$(cat /proc/sys/net/ipv4/conf/all/log_martians)" = 1 ] &&
[ -e /etc/sysctl.d/90-muster-net.ipv4.ip_local_port_range.conf ])sh");
  auto role = parse_role("r.yaml", R"sh(role: r
tasks:
  - {name: a, sysctl: {name: net.ipv4.no_such_key, value: 1, optional: true}}
  # A system container has no modules of its own.
  - {name: m, module: {name: overlay, optional: true}}
  - {name: b, sysctl: {name: net.ipv4.conf.all.log_martians, value: word}}
)sh");
  auto said = run_tasks(role, role.tasks, Mode::apply);
  CHECK_MESSAGE(said.starts_with("unchanged unchanged failed (b: echo word "
                                 ">/proc/sys/net/ipv4/conf/all/log_martians: set "),
                said);
}

TEST_CASE("tasks on a node: mount") {
  check_kind(R"sh(
tasks:
  - {name: m, mount: {path: "/srv/mo unt", source: none, type: tmpfs, options: "size=1m"}}
undo:
  - {name: m, mount: {path: "/srv/mo unt", state: absent}}
)sh",
             "mountpoint -q '/srv/mo unt' && findmnt --verify --tab-file /etc/fstab >&2");
}

TEST_CASE("tasks on a node: a unit, its handlers, and its failure") {
  check_kind(R"sh(
tasks:
  - name: f
    file: {path: /etc/systemd/system/kinds.service, content: "[Service]\nExecStart=/bin/sleep 1000\n[Install]\nWantedBy=multi-user.target\n"}
    notify: [h]
  - {name: d, directory: {path: /etc/systemd/system/kinds.service.d}}
  - {name: t, file: {path: /etc/systemd/system/kinds.service.d/a.conf, template: any}, notify: [h]}
  - {name: u, unit: {name: kinds.service, enabled: true, state: started}}
handlers:
  - {name: h, unit: {name: kinds.service, state: restarted}}
undo:
  - {name: u, unit: {name: kinds.service, enabled: false, state: stopped}}
  - {name: f, file: {path: /etc/systemd/system/kinds.service, state: absent}}
  - {name: d, directory: {path: /etc/systemd/system/kinds.service.d, state: absent}}
)sh",
             R"sh(systemctl is-active -q kinds && systemctl is-enabled -q kinds &&
[ "$(systemctl show -p Environment --value kinds)" = 'A=b' ])sh");

  auto role = parse_role("r.yaml", R"sh(role: r
tasks:
  - {name: f, file: {path: /etc/systemd/system/bad.service, content: "[Service]\nExecStart=/bin/sh -c 'echo I cannot; exit 3'\nType=oneshot\n"}}
  - {name: u, unit: {name: bad.service, state: started}}
undo:
  - {name: f, file: {path: /etc/systemd/system/bad.service, state: absent}}
)sh");
  auto said = run_tasks(role, role.tasks, Mode::apply);
  CHECK_MESSAGE(said.find("failed (u: systemctl start bad.service: ") != std::string::npos, said);
  CHECK_MESSAGE(said.find("I cannot") != std::string::npos, said);
  CHECK(run_tasks(role, role.undo, Mode::apply).starts_with("changed"));
}

TEST_CASE("tasks on a node: a unit is enabled when the disk says so, whatever systemd remembers") {
  auto role = parse_role("r.yaml", R"sh(role: r
tasks:
  - {name: u, unit: {name: kept.service, enabled: true, state: started}}
undo:
  - {name: u, unit: {name: kept.service, enabled: false}}
)sh");
  const std::string file = "/etc/systemd/system/kept.service";
  auto remembered = [](const std::string& state) {
    return holds("[ $(systemctl show -p UnitFileState --value kept) = " + state + " ]");
  };
  REQUIRE(holds(
      "printf '[Service]\nExecStart=/bin/sleep 1000\n[Install]\nWantedBy=multi-user.target\n' >" +
      file + " && systemctl daemon-reload && systemctl start kept && systemctl show kept"));
  REQUIRE(holds("systemctl --no-reload -q enable kept"));
  REQUIRE(remembered("disabled"));
  CHECK(run_tasks(role, role.tasks, Mode::apply).starts_with("unchanged"));
  REQUIRE(holds(
      "systemctl daemon-reload && systemctl show kept && systemctl --no-reload -q disable kept"));
  REQUIRE(remembered("enabled"));
  CHECK(run_tasks(role, role.undo, Mode::apply).starts_with("unchanged"));
  CHECK(holds("systemctl stop kept && rm " + file + " && systemctl daemon-reload"));
}

TEST_CASE("tasks on a node: a changed file restarts its unit, once") {
  auto text = [](const std::string& seconds) {
    return R"sh(role: r
tasks:
  - name: f
    file: {path: /etc/systemd/system/again.service, content: "[Service]\nExecStart=/bin/sleep )sh" +
           seconds + R"sh(\n"}
    notify: [h]
  - {name: u, unit: {name: again.service, state: started}}
handlers:
  - {name: h, unit: {name: again.service, state: restarted}}
undo:
  - {name: u, unit: {name: again.service, state: stopped}}
  - {name: f, file: {path: /etc/systemd/system/again.service, state: absent}}
)sh";
  };
  auto first = parse_role("r.yaml", text("1000"));
  auto said = run_tasks(first, first.tasks, Mode::apply);
  CHECK(said.starts_with("changed changed "));
  auto second = parse_role("r.yaml", text("2000"));
  CHECK(run_tasks(second, second.tasks, Mode::apply) == "changed unchanged changed");
  CHECK(holds(
      R"sh(tr '\0' ' ' <"/proc/$(systemctl show -p MainPID --value again)/cmdline" | grep -q 2000)sh"));
  CHECK(run_tasks(second, second.tasks, Mode::apply) == "unchanged unchanged");
  CHECK(run_tasks(second, second.undo, Mode::apply).starts_with("changed changed"));
}

TEST_CASE("tasks on a node: command and wait") {
  check_kind(R"sh(
tasks:
  - {name: c, command: {run: "(sleep 0.4; date >/srv/later) >/dev/null 2>&1 &", creates: /srv/later}}
undo:
  - {name: c, command: {run: rm /srv/later, removes: /srv/later}}
)sh",
             "i=0; until [ -e /srv/later ] || [ $i -gt 100 ]; do sleep 0.1; i=$((i+1)); done; "
             "[ -e /srv/later ]");
  auto role = parse_role("r.yaml", R"sh(role: r
tasks:
  - {name: c, command: {run: "(sleep 0.4; date >/srv/soon) >/dev/null 2>&1 &"}}
  - {name: w, wait: {until: test -e /srv/soon, every_ms: 50}}
  - {name: n, wait: {until: "echo not yet; sleep 20", deadline_seconds: 3, checks: it is done}}
)sh");
  auto said = run_tasks(role, role.tasks, Mode::apply);
  CHECK_MESSAGE(said.starts_with("changed unchanged failed (n: echo not yet; sleep 20: not yet\n"),
                said);
  CHECK_MESSAGE(said.find("it is done: not so after 3 s") != std::string::npos, said);
}

TEST_CASE("tasks on a node: artifact and unpack") {
  check_kind(R"sh(
tasks:
  - {name: a, artifact: {name: kubectl, path: /opt/test/bin/kubectl}}
  - {name: u, unpack: {name: pause-image, into: /srv/unpacked, creates: /srv/unpacked/manifest.json}}
undo:
  - {name: u, directory: {path: /srv/unpacked, state: absent}}
  - {name: a, artifact: {name: kubectl, path: /opt/test/bin/kubectl, state: absent}}
)sh",
             "/opt/test/bin/kubectl version --client && test -s /srv/unpacked/manifest.json");
}

TEST_CASE("tasks on a node: image") {
  const auto ref = known_releases().values(version()).texts.at("pause_image");
  check_kind(R"sh(
tasks:
  - {name: p, artifact: {name: containerd, path: /opt/test/bin/containerd}}
  - {name: t, artifact: {name: ctr, path: /opt/test/bin/ctr}}
  - name: f
    file:
      path: /etc/systemd/system/containerd.service
      content: "[Service]\nType=notify\nExecStart=/opt/test/bin/containerd\n[Install]\nWantedBy=multi-user.target\n"
  - {name: c, unit: {name: containerd.service, enabled: true, state: started}}
  - {name: i, image: {name: pause-image, ref: ")sh" +
                 ref + R"sh("}}
undo:
  - name: i
    command:
      run: ctr -n k8s.io images rm )sh" +
                 ref + R"sh(
      only_if: systemctl is-active -q containerd && ctr -n k8s.io images ls -q | grep -qx )sh" +
                 ref + R"sh(
  - {name: c, unit: {name: containerd.service, enabled: false, state: stopped}}
  - {name: f, file: {path: /etc/systemd/system/containerd.service, state: absent}}
  - {name: t, artifact: {name: ctr, path: /opt/test/bin/ctr, state: absent}}
  - {name: p, artifact: {name: containerd, path: /opt/test/bin/containerd, state: absent}}
)sh",
             "systemctl is-active -q containerd && /opt/test/bin/ctr -n k8s.io images ls -q | "
             "grep -qx " +
                 ref);
}

TEST_CASE("tasks on a node: nothing of muster's own stays") {
  CHECK(node().run("ls -d /run/muster.* /var/lib/muster").output == "");
  CHECK(node().run("find /etc /srv /root /home -name '*.muster*'").output == "");
}
