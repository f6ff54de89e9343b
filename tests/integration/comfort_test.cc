// Nodes without comfort: every shell, sudo, odd disks, login files, addresses and the user's own
// ssh settings, each behind a real sshd. Run by tests/integration/comfort.sh, which puts it into
// namespaces of its own; hostile_test.cc has what tasks print and do.
#include <doctest/doctest.h>

#include "tests/integration/comfort_node.h"

using namespace muster;
using namespace muster::testing;
using namespace std::chrono_literals;
namespace fs = std::filesystem;

namespace {

const std::string kRole = R"sh(
tasks:
  - {name: directory, directory: {path: /srv/c/d, mode: "2750"}}
  - {name: file, file: {path: /srv/c/d/f, content: "a 'b' $(c) \\ \u00fc !!\n", mode: "0640"}, notify: [h]}
  - {name: no newline, file: {path: /srv/c/d/g, content: "no newline"}}
  - {name: binary, file: {path: /srv/c/d/binary, template: binary}}
  - {name: long, file: {path: /srv/c/d/long, template: long, secret: true}}
  - {name: link, link: {path: /srv/c/l, to: d/f}}
  - {name: line, line: {path: /srv/c/lines, line: "key = 'value'", match: "^key"}}
  - {name: creates, command: {run: "echo made >/srv/c/made", creates: /srv/c/made}}
  - {name: unless, command: {run: "cd /srv/c; for i in 1 2; do echo $i; done >u", unless: "test -s /srv/c/u"}}
handlers:
  - {name: h, command: {run: "echo handled >>/srv/c/handled"}}
undo:
  - {name: directory, directory: {path: /srv/c, state: absent}}
)sh";
constexpr int kTasks = 9;

std::string repeated(const std::string& word, int count) {
  return join(std::vector<std::string>(static_cast<std::size_t>(count), word), " ");
}

/// All that must work on every node. `root` is where its disk is.
void check_node(NodeLink link, const std::string& root = "") {
  auto facts = link.facts().values;
  CHECK(facts.at("uid") == "0");
  CHECK(facts.at("arch") != "");
  auto srv = root + "/srv/c";
  REQUIRE_FALSE(fs::exists(srv));
  CHECK(run_tasks(link, kRole, Mode::check).text() == repeated("changed", kTasks));
  CHECK_FALSE(fs::exists(srv));
  auto applied = run_tasks(link, kRole);
  CHECK(applied.text() == repeated("changed", kTasks + 1));
  CHECK(applied.result.remote.exit_code == 0);
  CHECK(read_file(srv + "/d/f") == "a 'b' $(c) \\ \xc3\xbc !!\n");
  CHECK(read_file(srv + "/d/g") == "no newline");
  CHECK(read_file(srv + "/d/binary") == std::string("\0\1\2\xff\xfe\r\n'\"$x`\\\n\n\0", 18));
  CHECK((read_file(srv + "/d/long") == std::string(200'000, 'l') + "\n"));
  CHECK(fs::read_symlink(srv + "/l") == "d/f");
  CHECK(read_file(srv + "/lines") == "key = 'value'\n");
  CHECK(read_file(srv + "/made") == "made\n");
  CHECK(read_file(srv + "/u") == "1\n2\n");
  CHECK(read_file(srv + "/handled") == "handled\n");
  CHECK(run_tasks(link, kRole).text() == repeated("unchanged", kTasks));
  CHECK(run_tasks(link, kRole, Mode::check).text() == repeated("unchanged", kTasks));
  auto failed = run_command(link, "echo out; echo err >&2; printf 'no end'; exit 200");
  REQUIRE(failed.replies.size() == 1);
  CHECK(failed.replies[0].exit_code == 200);
  CHECK(failed.replies[0].output.ends_with("\nout\nerr\nno end"));
  CHECK(failed.result.ended);
  // The last answer is the ledger's: the undo task had taken all of it away.
  CHECK(run_tasks(link, kRole, Mode::apply, true).text() == "changed unchanged");
  CHECK_FALSE(fs::exists(srv));
}

/// Nothing of a script stays where its temporary files were.
bool is_clean(const std::string& folder) {
  for (const auto& entry : fs::directory_iterator(folder)) {
    auto name = entry.path().filename().string();
    if (name.starts_with("muster.") && name != "muster.lock") return false;
  }
  return true;
}

std::string refusal(ComfortNode& node) {
  auto link = node.link();
  try {
    link.facts();
  } catch (const Error& error) {
    return error.what();
  }
  return "none";
}

/// A folder with busybox and nothing else, as sshd's ChrootDirectory.
std::string busybox_root() {
  const std::string root = "/mnt/busybox";
  for (const char* folder : {"bin", "etc", "proc", "dev", "run", "tmp", "srv", "root", "home",
                             "var/lib", "var/spool/mail"}) {
    fs::create_directories(fs::path(root) / folder);
  }
  fs::copy_file("/bin/busybox", root + "/bin/busybox");
  for (const auto& name : split(run_or_throw({"/bin/busybox", "--list"}), '\n')) {
    if (name.empty() || name == "busybox") continue;
    fs::create_symlink("busybox", root + "/bin/" + name);
  }
  run_or_throw({"mknod", "-m", "666", root + "/dev/null", "c", "1", "3"});
  write_file(root + "/etc/passwd", "root:x:0:0::/root:/bin/sh\n");
  write_file(root + "/etc/group", "root:x:0:\n");
  write_file(root + "/etc/shadow", "root:*:19000::::::\n", 0600);
  run_or_throw({"mount", "-t", "proc", "none", root + "/proc"});
  return root;
}

}  // namespace

TEST_CASE("comfort: nothing but busybox on the node") {
  auto root = busybox_root();
  ComfortNode node("root", "/bin/sh", "ChrootDirectory " + root + "\n");
  check_node(node.link(), root);
  CHECK(is_clean(root + "/run"));
}

TEST_CASE("comfort: every sh under every login shell, as root and with sudo") {
  fs::create_symlink("/bin/busybox", "/mnt/ash");
  fs::copy_file("/bin/dash", "/mnt/dash");
  std::vector<std::string> logins{"/bin/bash", "/mnt/dash", "/mnt/ash"};
  for (const char* more : {"/bin/tcsh", "/usr/bin/fish", "/bin/zsh"}) {
    if (fs::exists(more)) logins.emplace_back(more);
  }
  int number = 0;
  for (const std::string sh : {"/bin/dash", "/bin/bash", "/bin/busybox"}) {
    Mounted over(sh, "/bin/sh");
    for (const auto& login : logins) {
      CAPTURE(sh);
      CAPTURE(login);
      ComfortNode node(++number % 2 == 0 ? "root" : "ann", login);
      node.allow_sudo();
      check_node(node.link());
      CHECK(is_clean("/run"));
    }
  }
}

TEST_CASE("comfort: users, as root and with sudo") {
  for (const char* user : {"root", "ann"}) {
    ComfortNode node(user);
    node.allow_sudo();
    auto link = node.link();
    std::string role = R"sh(
tasks:
  - {name: u, user: {name: kinds, shell: /bin/sh, sudo: true}}
  - {name: k, authorized_key: {user: kinds, keys: ["ssh-ed25519 AAAA one"]}}
undo:
  - {name: u, user: {name: kinds, state: absent}}
)sh";
    CHECK(run_tasks(link, role, Mode::check).text() == "changed changed");
    CHECK(run_tasks(link, role).text() == "changed changed");
    CHECK(run_tasks(link, role).text() == "unchanged unchanged");
    CHECK(run_tasks(link, role, Mode::apply, true).text() == "changed unchanged");
  }
}

TEST_CASE("comfort: sudo that asks, is missing, or wants a terminal") {
  ComfortNode node("ann");
  CHECK(refusal(node) ==
        "'n1' does not run scripts for ann: sudo: a password is required\n"
        "  ann needs sudo without a password: put 'ann ALL=(ALL) NOPASSWD:ALL' into "
        "/etc/sudoers.d/ann on the node");
  node.allow_sudo("Defaults requiretty\n");
  CHECK(refusal(node) ==
        "'n1' does not run scripts for ann: sudo: sorry, you must have a tty to run sudo\n"
        "  put 'Defaults:ann !requiretty' into /etc/sudoers.d/ann on the node");
  node.allow_sudo("Defaults lecture=always\nDefaults use_pty\nDefaults env_reset\n");
  check_node(node.link());
  Mounted gone("/bin/true", "/usr/bin/sudo");
  CHECK(refusal(node).starts_with("'n1' does not run scripts for ann: it said nothing"));
}

TEST_CASE("comfort: a node without sudo") {
  fs::create_directories("/mnt/no/bin");
  fs::create_symlink("/bin/sh", "/mnt/no/bin/sh");
  for (const char* login : {"/bin/bash", "/bin/tcsh"}) {
    CAPTURE(login);
    ComfortNode node("ann", login);
    node.put("~/.bashrc", "PATH=/mnt/no/bin\n");
    node.put("~/.cshrc", "set path = (/mnt/no/bin)\n");
    CHECK(refusal(node).ends_with("\n  install sudo on the node, or log in as root"));
  }
}

TEST_CASE("comfort: disks that run no programs, take nothing or little") {
  ComfortNode node;
  SUBCASE("noexec") {
    Mounted tmp("tmpfs", "/tmp", MS_NOEXEC);
    Mounted run("tmpfs", "/run", MS_NOEXEC);
    check_node(node.link());
    CHECK(is_clean("/run"));
  }
  SUBCASE("read-only /tmp, every sh") {
    Mounted tmp("tmpfs", "/tmp", MS_RDONLY);
    for (const std::string sh : {"/bin/dash", "/bin/bash", "/bin/busybox"}) {
      CAPTURE(sh);
      Mounted over(sh, "/bin/sh");
      check_node(node.link());
    }
  }
  SUBCASE("read-only /run, every sh") {
    Mounted run("tmpfs", "/run", MS_RDONLY);
    for (const std::string sh : {"/bin/dash", "/bin/bash", "/bin/busybox"}) {
      CAPTURE(sh);
      Mounted over(sh, "/bin/sh");
      check_node(node.link());
    }
    CHECK(is_clean("/tmp"));
  }
  SUBCASE("a full /run") {
    Mounted run("tmpfs", "/run", 0, "size=64k");
    run_anyhow({"dd", "if=/dev/zero", "of=/run/full", "bs=4096"});
    check_node(node.link());
    CHECK(is_clean("/run"));
    CHECK(is_clean("/tmp"));
  }
  SUBCASE("a small /run") {
    Mounted run("tmpfs", "/run", 0, "size=256k");
    check_node(node.link());
  }
  SUBCASE("no room anywhere") {
    Mounted run("tmpfs", "/run", MS_RDONLY);
    Mounted tmp("tmpfs", "/tmp", MS_RDONLY);
    Mounted var("tmpfs", "/var/tmp", MS_RDONLY);
    fs::create_directories("/var/lib/muster");
    Mounted state("tmpfs", "/var/lib/muster", MS_RDONLY);
    auto link = node.link();
    auto said = run_command(link, "true");
    CHECK(said.text() ==
          "[no end: 1 there is no room for temporary files in any of /run /tmp /var/tmp "
          "/var/lib/muster\n]");
  }
}

TEST_CASE("comfort: odd TMPDIR") {
  for (const char* where : {"/no/such", "relative", "/srv/with space", "''"}) {
    CAPTURE(where);
    ComfortNode node("root", "/bin/bash", std::string("SetEnv \"TMPDIR=") + where + "\"\n");
    Mounted run("tmpfs", "/run", MS_RDONLY);
    fs::create_directories("/srv/with space");
    check_node(node.link());
    CHECK(is_clean("/srv/with space"));
  }
}

TEST_CASE("comfort: banners and login files that talk") {
  ComfortNode node("ann", "/bin/bash", "Banner /mnt/banner\n");
  node.allow_sudo();
  node.put("/mnt/banner", std::string(40'000, '#') + "\nwelcome\n");
  std::string chatter = "echo hello; echo more >&2; printf 'no newline'\n";
  SUBCASE("some words") { node.put("~/.bashrc", chatter); }
  SUBCASE("a megabyte, on both ways out") {
    node.put("~/.bashrc", "head -c 1048576 /dev/zero; head -c 1048576 /dev/urandom >&2; echo\n");
  }
  SUBCASE("in /etc/profile.d, for a shell that reads it") {
    node.put("/etc/profile.d/zz-chatty.sh", chatter);
    node.put("~/.profile", chatter);
    node.put("~/.bashrc", ". /etc/profile; . ~/.profile\n");
  }
  SUBCASE("one that sets what scripts use") {
    node.put("~/.bashrc",
             "umask 0777; export LC_ALL=de_DE.UTF-8 CDPATH=/srv IFS=x ENV=/etc/passwd "
             "POSIXLY_CORRECT=1 BASH_ENV=/etc/passwd m_nonce=x m_mode=check; set -eu; cd /srv\n");
  }
  check_node(node.link());
}

TEST_CASE("comfort: a csh whose login file talks") {
  ComfortNode node("ann", "/bin/tcsh");
  node.allow_sudo();
  node.put("~/.cshrc", "echo hello\nalias sh echo\nset noclobber\n");
  // An alias of "sh" would not be found behind sudo, and root has no such file here.
  check_node(node.link());
}

TEST_CASE("comfort: login files that take the script away are named") {
  ComfortNode node("ann");
  node.allow_sudo();
  std::string hint = "must not read stdin, start another shell or exit";
  SUBCASE("all of it") { node.put("~/.bashrc", "cat >/dev/null\n"); }
  SUBCASE("a line") { node.put("~/.bashrc", "read line\n"); }
  SUBCASE("a byte") { node.put("~/.bashrc", "read -n 1 byte\n"); }
  SUBCASE("a block") { node.put("~/.bashrc", "dd bs=700 count=1 of=/dev/null 2>/dev/null\n"); }
  SUBCASE("an exit") { node.put("~/.bashrc", "echo go away; exit 0\n"); }
  SUBCASE("an endless one is cut off") {
    node.put("~/.bashrc", "cat >/dev/null; exec head -c 300000000 /dev/zero\n");
  }
  SUBCASE("a shell that is none") { node.put("~/.bashrc", "exec tcsh\n"); }
  auto said = refusal(node);
  CHECK_MESSAGE(said.starts_with("'n1' does not run scripts for ann: "), said);
  CHECK_MESSAGE(said.find(hint) != std::string::npos, said);
  CHECK(said.size() < 1000);
}

TEST_CASE("comfort: a login file that starts another shell") {
  SUBCASE("as root, a POSIX one: fine") {
    ComfortNode node;
    node.put("~/.bashrc", "exec dash\n");
    check_node(node.link());
  }
  SUBCASE("as another user: no longer root") {
    ComfortNode node("ann");
    node.allow_sudo();
    node.put("~/.bashrc", "exec dash\n");
    CHECK(refusal(node) ==
          "'n1' runs scripts for ann without the rights of root\n"
          "  a login file of ann starts another shell (exec in .bashrc, .cshrc, ...), or sudo is "
          "not the real one");
  }
}

TEST_CASE("comfort: no sftp is needed, and an account that has nothing else is refused") {
  std::string hint = "sshd must not force another command (ForceCommand, internal-sftp)";
  // TestSshd has no sftp subsystem at all: every other case proves that none is needed.
  for (const char* forced :
       {"internal-sftp", "/usr/lib/openssh/sftp-server", "/bin/false", "echo only backups here"}) {
    CAPTURE(forced);
    ComfortNode node("root", "/bin/bash", std::string("ForceCommand ") + forced + "\n");
    auto said = refusal(node);
    CHECK_MESSAGE(said.starts_with("'n1' does not run scripts for root: "), said);
    CHECK_MESSAGE(said.find(hint) != std::string::npos, said);
  }
  ComfortNode node("ann", "/usr/sbin/nologin");
  CHECK(refusal(node).starts_with(
      "'n1' does not run scripts for ann: This account is currently not available."));
}

TEST_CASE("comfort: a file is copied into the store, whatever the login shell") {
  for (const char* login : {"/bin/bash", "/bin/tcsh", "/bin/dash"}) {
    CAPTURE(login);
    Mounted store("tmpfs", "/opt", 0, "mode=755");
    ComfortNode node("ann", login);
    node.allow_sudo();
    node.put("/mnt/artifact", std::string(3'000'000, 'a'));
    Artifact artifact;
    artifact.name = "a";
    artifact.file = "/mnt/artifact";
    artifact.sha256 = run_or_throw({"sha256sum", "/mnt/artifact"}).substr(0, 64);
    auto link = node.link();
    link.provide(artifact);
    CHECK((read_file("/opt/muster/store/" + artifact.sha256) == read_file("/mnt/artifact")));
    CHECK(node.link().facts().store == std::vector<std::string>{artifact.sha256});
  }
}
