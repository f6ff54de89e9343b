// What a role made under a former name, or for a task that it no longer has, is gone at the end of
// the apply that no longer wants it; and when somebody brings it again, a check finds it.
#include <doctest/doctest.h>

#include <set>

#include "provisioner/tasks/kind.h"
#include "provisioner/tasks/ledger.h"
#include "tests/shells/ledgers.h"

using namespace muster;
using namespace muster::testing;
namespace fs = std::filesystem;

namespace {

const std::string kKey = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ ann";

/// The role `base`, as far as it is about access.
Compiling access(const std::string& user, const std::string& keys) {
  auto made = role("base", R"(
tasks:
  - {name: a, user: {name: "{{login}}", sudo: true}, when: keys}
  - {name: b, authorized_key: {user: "{{login}}", keys: "{{keys}}"}, when: keys}
  - {name: c, directory: {path: /etc/kubernetes}}
)");
  made.context["login"] = user;
  made.context["keys"] = keys;
  return made;
}

/// What a check would change, and nothing is changed by it.
std::string check(Sandbox& node, const Compiling& role) {
  auto before = node.snapshot();
  auto ran = node.run(role.script(Mode::check).script, role.nonce);
  CHECK(ran.error_output == "");
  CHECK(node.snapshot() == before);
  REQUIRE(ran.ended);
  std::string said;
  for (const auto& reply : ran.replies) {
    if (reply.outcome != "unchanged") said += reply.outcome + ": " + trim(reply.output) + "\n";
  }
  return trim(said);
}

std::string all_said(const Ran& ran) {
  std::string said;
  for (const auto& reply : ran.replies) said += reply.outcome + ": " + reply.output + "\n";
  return said + ran.error_output;
}

std::string keys_of(const Sandbox& node, const std::string& home) {
  auto file = node / (home + "/.ssh/authorized_keys");
  return fs::exists(file) ? read_file(file) : "none";
}

bool has_user(const Sandbox& node, const std::string& name) {
  return ("\n" + read_file(node / "etc/passwd")).find("\n" + name + ":") != std::string::npos;
}

}  // namespace

TEST_SUITE_BEGIN("needs root" * doctest::skip(!Sandbox::possible()));

TEST_CASE("former: the last key takes the account along that was made for it") {
  Sandbox node(Flavour::dash);
  auto before = seen(node);
  auto with = access("eve", kKey);
  auto without = access("eve", "");
  apply(node, with);
  CHECK(has_user(node, "eve"));
  CHECK(check(node, without) ==
        "changed: take muster's keys from eve\nremove /etc/sudoers.d/muster-eve\nremove user eve");
  auto ran = node.run(without.script().script, kNonce);
  CHECK_MESSAGE(outcomes(ran) == "unchanged changed", all_said(ran));
  CHECK_FALSE(has_user(node, "eve"));
  CHECK_FALSE(fs::exists(node / "etc/sudoers.d"));
  CHECK_FALSE(fs::exists(node / "home/eve"));
  CHECK(outcomes(node.run(without.script().script, kNonce)) == "unchanged");
  CHECK(check(node, without) == "");
  undo(node, without);
  // Programs that change accounts keep what was.
  auto after = seen(node);
  after.erase("etc/passwd-");
  after.erase("etc/shadow-");
  CHECK(paths(after) == paths(before));
}

TEST_CASE("former: an account that was there keeps what it had, and loses muster's keys and sudo") {
  for (auto flavour : kFlavours) {
    Sandbox node(flavour);
    fs::create_directories(node / "home/ann/.ssh");
    fs::create_directories(node / "etc/sudoers.d");
    write_file(node / "home/ann/.ssh/authorized_keys", "ssh-rsa AAAA of-ann");
    write_file(node / "etc/sudoers.d/ann", "ann ALL=(ALL) ALL\n");
    auto before = seen(node);
    apply(node, access("ann", kKey));
    CHECK(keys_of(node, "home/ann").find(kKey) != std::string::npos);
    CHECK(apply(node, access("ann", "")) ==
          "changed: take muster's keys from ann\ngive /home/ann/.ssh/authorized_keys its mode and "
          "owner back\ngive /home/ann/.ssh its mode and owner back\nremove "
          "/etc/sudoers.d/muster-ann");
    CHECK(keys_of(node, "home/ann") == "ssh-rsa AAAA of-ann");
    undo(node, access("ann", ""));
    CHECK(seen(node) == before);
  }
}

TEST_CASE("former: another login user takes the place of the former one") {
  Sandbox node(Flavour::dash);
  apply(node, access("eve", kKey));
  auto said = apply(node, access("bob", kKey));
  CHECK(said ==
        "changed: take muster's keys from eve\nremove /home/eve/.ssh/authorized_keys\nremove "
        "/home/eve/.ssh\nremove /etc/sudoers.d/muster-eve\nremove user eve");
  CHECK_FALSE(has_user(node, "eve"));
  CHECK(has_user(node, "bob"));
  CHECK(fs::exists(node / "etc/sudoers.d/muster-bob"));
  CHECK(keys_of(node, "home/bob").find(kKey) != std::string::npos);
  CHECK(check(node, access("bob", kKey)) == "");
}

TEST_CASE("former: what left and is brought again is found, and goes again") {
  Sandbox node(Flavour::dash);
  fs::create_directories(node / "home/ann");
  fs::create_directories(node / "etc/sudoers.d");
  auto with = access("ann", kKey);
  auto without = access("ann", "");
  apply(node, with);
  auto keys = keys_of(node, "home/ann");
  auto rule = read_file(node / "etc/sudoers.d/muster-ann");
  apply(node, without);
  fs::create_directories(node / "home/ann/.ssh");
  write_file(node / "home/ann/.ssh/authorized_keys", "ssh-rsa AAAA of-ann\n" + keys);
  CHECK(check(node, without) == "changed: take muster's keys from ann");
  CHECK(apply(node, without) == "changed: take muster's keys from ann");
  CHECK(keys_of(node, "home/ann") == "ssh-rsa AAAA of-ann\n");
  write_file(node / "etc/sudoers.d/muster-ann", rule);
  CHECK(check(node, without) ==
        "changed: remove /etc/sudoers.d/muster-ann, which had left and is there again");
  apply(node, without);
  CHECK_FALSE(fs::exists(node / "etc/sudoers.d/muster-ann"));
  CHECK(check(node, without) == "");
  // Somebody's own is let be.
  write_file(node / "etc/sudoers.d/muster-ann", "ann ALL=(ALL) ALL\n");
  CHECK(check(node, without) == "");
  apply(node, without);
  CHECK(fs::exists(node / "etc/sudoers.d/muster-ann"));
}

TEST_CASE("former: muster never takes away the way that it came in by") {
  for (auto flavour : kFlavours) {
    Sandbox node(flavour);
    fs::create_directories(node / "etc/sudoers.d");
    fs::create_directories(node / "home/ann/.ssh");
    // What sudo(8) says of the rules for ann.
    node.add_program("sudo", "cat /rules\n");
    write_file(node / "rules", "    (ALL) NOPASSWD: ALL\n");
    node.login_as("ann");
    apply(node, access("ann", kKey));
    auto keys = keys_of(node, "home/ann");
    auto without = access("ann", "");
    auto said = apply(node, without);
    const std::string no_key =
        "muster itself logs in as ann, who has no other keys: put muster's own key into "
        "/home/ann/.ssh/authorized_keys, outside of muster's lines";
    const std::string no_rule =
        "muster itself logs in as ann, whom no other rule lets use sudo without a password: put "
        "'ann ALL=(ALL) NOPASSWD:ALL' into /etc/sudoers.d/ann";
    const std::string again = "these could not be put back; run it again when they can:\n";
    CHECK(said == "failed: " + no_key + "\n" + no_rule + "\n" + again +
                      "keys keys:ann\nnew /etc/sudoers.d/muster-ann");
    CHECK(keys_of(node, "home/ann") == keys);
    CHECK(fs::exists(node / "etc/sudoers.d/muster-ann"));
    // As it was told; one of them, and the other.
    write_file(node / "home/ann/.ssh/authorized_keys", "ssh-rsa AAAA of-muster\n" + keys);
    CHECK(apply(node, without) ==
          "failed: take muster's keys from ann\nleave /home/ann/.ssh/authorized_keys: it holds "
          "what muster did not write\ngive /home/ann/.ssh its mode and owner back\n" +
              no_rule + "\n" + again + "new /etc/sudoers.d/muster-ann");
    CHECK(keys_of(node, "home/ann") == "ssh-rsa AAAA of-muster\n");
    write_file(node / "rules", "    (ALL) NOPASSWD: ALL\n    (ALL : ALL) NOPASSWD: ALL\n");
    CHECK(apply(node, without) == "changed: remove /etc/sudoers.d/muster-ann");
    CHECK(check(node, without) == "");
  }
}

TEST_CASE("former: nor one key of several, by which it may have come in") {
  const std::string second = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIK bob";
  const std::string third = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIL eve";
  const std::string no_way =
      "muster itself logs in as ann, may have come in by a key that is to go, and finds no others: "
      "put muster's own key into /home/ann/.ssh/authorized_keys, outside of muster's lines";
  for (auto flavour : kFlavours) {
    Sandbox node(flavour);
    fs::create_directories(node / "home/ann/.ssh");
    node.add_program("sudo", "cat /rules\n");
    write_file(node / "rules", "    (ALL) NOPASSWD: ALL\n");
    node.login_as("ann");
    apply(node, access("ann", kKey + "\n" + second));
    const auto keys = keys_of(node, "home/ann");
    REQUIRE(keys.find(second) != std::string::npos);
    // The block stays, and one of its keys is another one.
    for (const auto& fewer : {kKey + "\n" + third, third, second, "from=\"10.0.0.1\" " + kKey}) {
      CAPTURE(fewer);
      CHECK(check(node, access("ann", fewer)) == "failed: " + no_way);
      CHECK(apply(node, access("ann", fewer)) == "failed: " + no_way);
      CHECK(keys_of(node, "home/ann") == keys);
    }
    // One more is no danger, nor another comment.
    const auto more = third + "\n" + kKey + "-of-old\n" + second;
    CHECK(check(node, access("ann", more)) == "changed: authorize keys of ann");
    apply(node, access("ann", more));
    CHECK(check(node, access("ann", more)) == "");
    // Of another account muster needs none.
    node.login_as("bob");
    CHECK(check(node, access("ann", second)) == "changed: authorize keys of ann");
    apply(node, access("ann", second));
    CHECK(check(node, access("ann", second)) == "");
    node.login_as("ann");
    write_file(node / "home/ann/.ssh/authorized_keys",
               "ssh-rsa AAAA of-muster\n" + keys_of(node, "home/ann"));
    CHECK(check(node, access("ann", third)) == "changed: authorize keys of ann");
    apply(node, access("ann", third));
    CHECK(check(node, access("ann", third)) == "");
    CHECK(keys_of(node, "home/ann") ==
          "ssh-rsa AAAA of-muster\n# BEGIN muster\n" + third + "\n# END muster\n");
  }
}

TEST_CASE("former: an account that muster logs in to, or that has keys of others, stays") {
  Sandbox node(Flavour::dash);
  apply(node, access("eve", kKey));
  node.login_as("eve");
  node.add_program("sudo", "echo 'NOPASSWD: ALL'; echo 'NOPASSWD: ALL'\n");
  auto without = access("eve", "");
  CHECK(apply(node, without)
            .ends_with("muster itself logs in as eve: let it log in as another user first\nthese "
                       "could not be put "
                       "back; run it again when they can:\nkeys keys:eve\nuser user:eve"));
  node.login_as("");
  auto keys = keys_of(node, "home/eve");
  write_file(node / "home/eve/.ssh/authorized_keys", "ssh-rsa AAAA of-somebody\n" + keys);
  CHECK(check(node, without).find("user eve stays: it has keys that muster did not write") !=
        std::string::npos);
  apply(node, without);
  CHECK(has_user(node, "eve"));
  CHECK(keys_of(node, "home/eve") == "ssh-rsa AAAA of-somebody\n");
  CHECK_FALSE(fs::exists(node / "etc/sudoers.d/muster-eve"));
  CHECK(check(node, without) == "");
}

TEST_CASE("former: an account that something runs as has no access, and goes with the next apply") {
  Sandbox node(Flavour::dash);
  apply(node, access("eve", kKey));
  node.add_program("userdel", "echo 'userdel: user eve is used by process 7' >&2\nexit 8\n");
  auto without = access("eve", "");
  auto said = apply(node, without);
  CHECK_MESSAGE(said.starts_with("changed: "), said);
  CHECK(said.find("user eve stays until nothing runs as it: it has no keys and no sudo any more") !=
        std::string::npos);
  CHECK(keys_of(node, "home/eve") == "none");
  CHECK_FALSE(fs::exists(node / "etc/sudoers.d/muster-eve"));
  CHECK(check(node, without) == "changed: remove user eve");
  fs::remove(node / "fake/userdel");
  CHECK(apply(node, without) == "changed: remove user eve");
  CHECK(check(node, without) == "");
}

TEST_CASE("former: an account that somebody makes again is found once, and is theirs") {
  Sandbox node(Flavour::dash);
  auto without = access("eve", "");
  apply(node, access("eve", kKey));
  apply(node, without);
  write_file(node / "etc/passwd",
             read_file(node / "etc/passwd") + "eve:x:1007:1007::/home/eve:/bin/sh\n");
  const std::string again =
      "changed: let user eve be, which had left and is there again: it is "
      "somebody's";
  CHECK(check(node, without) == again);
  CHECK(apply(node, without) == again);
  CHECK(has_user(node, "eve"));
  CHECK(check(node, without) == "");
}

TEST_CASE("former: what is wanted by another role goes with that one") {
  Sandbox node(Flavour::dash);
  auto before = seen(node);
  const std::string shared = "  - {name: a, file: {path: /srv/d/shared, content: \"x\\n\"}}\n";
  auto one = role("one", "tasks:\n" + shared);
  auto two = role("two", "tasks:\n" + shared);
  auto new_one = role("one", "tasks:\n  - {name: b, directory: {path: /srv/other}}\n");
  auto new_two = role("two", "tasks:\n  - {name: b, directory: {path: /srv/more}}\n");
  apply(node, role("three", "tasks:\n  - {name: a, directory: {path: /srv/d}}\n"));
  apply(node, one);
  apply(node, two);
  apply(node, role("three", "tasks:\n  - {name: a, directory: {path: /srv/e}}\n"));
  apply(node, new_one);
  CHECK(fs::exists(node / "srv/d/shared"));
  SUBCASE("when it wants it no more") {
    CHECK(apply(node, new_two) == "changed: remove /srv/d/shared\nremove /srv/d");
  }
  SUBCASE("when it leaves") { CHECK(undo(node, two).starts_with("changed: remove /srv/d/shared")); }
  CHECK_FALSE(fs::exists(node / "srv/d/shared"));
  undo(node, new_one);
  undo(node, new_two);
  undo(node, role("three", "tasks: []\n"));
  CHECK(paths(seen(node)) == paths(before));
}

TEST_CASE("former: services run from the new place before the old one goes") {
  Sandbox node(Flavour::dash);
  auto at = [](const std::string& folder) {
    auto made = role("mine", R"(
tasks:
  - {name: a, directory: {path: "{{at}}"}}
  - {name: b, file: {path: "{{at}}/program", content: "x\n"}, notify: [restart]}
handlers:
  - {name: restart, command: {run: "ls /srv/old /srv/new >/seen 2>&1 || :"}}
)");
    made.context["at"] = folder;
    return made;
  };
  apply(node, at("/srv/old"));
  auto ran = node.run(at("/srv/new").script().script, kNonce);
  CHECK(outcomes(ran) == "changed changed changed changed");
  CHECK(read_file(node / "seen") == "/srv/new:\nprogram\n\n/srv/old:\nprogram\n");
  CHECK_FALSE(fs::exists(node / "srv/old"));
  // And back.
  apply(node, at("/srv/old"));
  CHECK(fs::exists(node / "srv/old/program"));
  CHECK_FALSE(fs::exists(node / "srv/new"));
  CHECK(check(node, at("/srv/old")) == "");
}

TEST_CASE("former: data of programs stays where it is") {
  Sandbox node(Flavour::dash);
  auto at = [](const std::string& name) {
    auto made = role("mine", R"(
traces: ["/var/lib/{{at}}"]
tasks:
  - {name: a, command: {run: "mkdir -p /var/lib/{{at}} && echo >/var/lib/{{at}}/db", creates: "/var/lib/{{at}}/db"}}
  - {name: b, unpack: {name: tool, into: "/opt/{{at}}"}}
)");
    made.context["at"] = name;
    made.artifacts["tool"] = std::string(32, 'a');
    return made;
  };
  fs::create_directories(node / "tmp/t");
  write_file(node / "tmp/t/x", "x");
  node.run("tar -cf /opt/muster/store/" + std::string(32, 'a') + " -C /tmp/t .", kNonce);
  auto before = seen(node);
  apply(node, at("one"));
  ::usleep(20'000);
  write_file(node / "opt/one/data", "of a program");
  apply(node, at("two"));
  CHECK(fs::exists(node / "var/lib/one/db"));
  CHECK(fs::exists(node / "opt/one/data"));
  // What nothing has changed goes.
  CHECK(apply(node, at("three")) == "changed: remove /opt/two and all it holds");
  CHECK(fs::exists(node / "var/lib/two/db"));
  CHECK(check(node, at("three")) == "");
  undo(node, at("three"));
  CHECK(paths(seen(node)) == paths(before));
}

TEST_CASE("former: killed at any instant, the next apply finishes it") {
  Sandbox node(Flavour::dash);
  auto at = [](const std::string& name) {
    auto made = role("mine", R"(
tasks:
- {name: a, directory: {path: "/srv/{{at}}/x"}}
- {name: b, file: {path: "/srv/{{at}}/x/1", content: "x\n"}}
- {name: c, file: {path: "/srv/{{at}}/x/2", content: "x"}}
- {name: d, link: {path: "/etc/{{at}}.link", to: x}}
- {name: e, line: {path: /etc/lines, line: "{{at}}"}}
- {name: f, file: {path: /etc/kept, content: "{{at}}\n"}}
)");
    made.context["at"] = name;
    made.nonce += name;
    return made;
  };
  write_file(node / "etc/lines", "of somebody\n");
  apply(node, at("one"));
  auto with_one = seen(node);
  apply(node, at("two"));
  auto with_two = seen(node);
  bool whole = false;
  for (int instant = 0; !whole && instant < 120; ++instant) {
    CAPTURE(instant);
    const bool odd = instant % 2 != 0;
    auto cut = at(odd ? "two" : "one");
    cut.nonce += "cut" + std::to_string(instant);
    auto script = node.start(cut.script().script);
    ::usleep(static_cast<useconds_t>(instant * 1500 + std::max(0, instant - 40) * 20000));
    ::kill(-script, SIGKILL);
    try {
      whole = node.finish(script, cut.nonce).ended;
    } catch (const Error&) {
      whole = false;
    }
    // Each try is a run of its own.
    auto again = at(odd ? "two" : "one");
    again.nonce += std::to_string(instant);
    auto ran = node.run(again.script().script, again.nonce);
    CHECK_MESSAGE(ran.ended, all_said(ran));
    CHECK_MESSAGE(outcomes(ran).find("failed") == std::string::npos, all_said(ran));
    REQUIRE(paths(seen(node)) == paths(odd ? with_two : with_one));
    REQUIRE(seen(node) == (odd ? with_two : with_one));
  }
  CHECK(whole);
}

TEST_CASE("former: a role whose name begins as another's leaves that one's lists alone") {
  Sandbox node(Flavour::dash);
  auto task = [](const std::string& path) {
    return "tasks:\n  - {name: a, file: {path: " + path + ", content: \"x\\n\"}}\n";
  };
  apply(node, role("a", task("/srv/a")));
  apply(node, role("a.b", task("/srv/b")));
  CHECK(apply(node, role("a", task("/srv/c"))) == "changed: remove /srv/a");
  undo(node, role("a", task("/srv/c")));
  CHECK(fs::exists(node / "srv/b"));
  CHECK(apply(node, role("a.b", task("/srv/b"))) == "unchanged: ");
}

TEST_CASE("former: with one list of the role nothing is started to look for others") {
  Sandbox node(Flavour::dash);
  auto mine = role("mine", "tasks:\n  - {name: a, file: {path: /srv/a, content: \"x\\n\"}}\n");
  apply(node, mine);
  // Whatever is started from here on says so.
  for (const char* program : {"cat", "sed", "grep", "id", "ls", "rm", "mv"}) {
    node.add_program(program, "exec /usr/bin/" + std::string(program) + " \"$@\"\n");
  }
  node.take_calls();
  node.run(mine.script().script, kNonce);
  auto calls = node.take_calls();
  CHECK_MESSAGE(calls.find("wants") == std::string::npos, calls);
  CHECK_MESSAGE(calls.find("left") == std::string::npos, calls);
  CHECK(calls.find("kept") == std::string::npos);
}

namespace {

/// A task of each kind under a name {{at}}; what else the node needs for it is in furnish_for.
const std::map<std::string_view, std::string> kNamed{
    {"package", "package: {names: [\"{{at}}\"]}"},
    {"file", "file: {path: \"/srv/{{at}}\", content: \"x\\n\"}"},
    {"directory", "directory: {path: \"/srv/{{at}}/deep/er\"}"},
    {"link", "link: {path: \"/srv/{{at}}\", to: x}"},
    {"line", "line: {path: /etc/lines, line: \"of {{at}}\"}"},
    {"artifact", "artifact: {name: tool, path: \"/srv/{{at}}/tool\"}"},
    {"unpack", "unpack: {name: tool, into: \"/srv/{{at}}\"}"},
    {"user", "user: {name: \"{{at}}\", sudo: true, groups: [disk]}"},
    {"authorized_key", "authorized_key: {user: \"{{at}}\", keys: [\"" + kKey + "\"]}"},
    {"sysctl", "sysctl: {name: \"net.{{at}}\", value: \"1\"}"},
    {"module", "module: {name: \"{{at}}\"}"},
    {"mount", "mount: {path: \"/srv/{{at}}\", source: none, type: tmpfs}"},
    {"unit", "unit: {name: \"{{at}}.service\", enabled: true, state: started}"},
    {"command", "command: {run: \"echo >/srv/{{at}}\", creates: \"/srv/{{at}}\"}"},
    {"image", "image: {name: \"{{at}}\", ref: \"x/{{at}}:1\"}"},
    {"firewall", "firewall: {ports: [\"{{port}}/tcp\"]}"},
    {"file_context", "file_context: {path: \"/srv/{{at}}\", type: bin_t}"},
    {"selinux_boolean", "selinux_boolean: {name: \"{{at}}\", value: true}"}};

/// What these make is not on a node.
const std::set<std::string_view> kNothing{"wait", "manifest"};

void furnish_for(Sandbox& node, std::string_view kind) {
  auto take = [&](const char* name) {
    node.add_program(name, read_file(fs::path(MUSTER_SOURCE_DIR) / "tests/shells/programs" / name));
  };
  const std::string store = "opt/muster/store/";
  write_file(node / "etc/lines", "of somebody\n");
  if (kind == "package") {
    take("apk");
    node.add_program("rpm", "exit 1\n");
    write_file(node / "etc/os-release", "ID=alpine\n");
    fs::create_directories(node / "pkgs");
  } else if (kind == "unit") {
    take("systemctl");
    for (const char* name : {"one", "two"}) {
      fs::create_directories(node / ("units/" + std::string(name) + ".service"));
    }
  } else if (kind == "image") {
    take("ctr");
    for (const std::string name : {"one", "two"})
      write_file(node / (store + name), "x/" + name + ":1\n");
  } else if (kind == "firewall") {
    take("firewall-cmd");
    for (const char* of : {"runtime", "permanent"}) fs::create_directories(node / "firewalld" / of);
  } else if (kind == "file_context" || kind == "selinux_boolean") {
    for (const char* name :
         {"selinuxenabled", "semanage", "matchpathcon", "restorecon", "getsebool", "setsebool"}) {
      take(name);
    }
    fs::create_directories(node / "selinux/booleans");
    for (const char* file : {"rules", "labels"}) write_file(node / "selinux" / file, "");
    for (const char* name : {"one", "two"})
      write_file(node / ("selinux/booleans/" + std::string(name)), "off\n");
  } else if (kind == "module") {
    node.add_program("modprobe", "mkdir -p \"/sys/module/$1\"\n");
    node.add_program("rmmod", "rmdir \"/sys/module/$1\"\n");
    fs::create_directories(node / "sys/module");
  } else if (kind == "authorized_key") {
    write_file(node / "etc/passwd", read_file(node / "etc/passwd") +
                                        "one:x:1001:6::/home/one:/bin/sh\n"
                                        "two:x:1002:6::/home/two:/bin/sh\n");
    for (const char* name : {"one", "two"})
      fs::create_directories(node / ("home/" + std::string(name)));
  } else if (kind == "sysctl") {
    fs::create_directories(node / "proc/sys/net");
    for (const char* name : {"one", "two"})
      write_file(node / ("proc/sys/net/" + std::string(name)), "0\n");
  } else if (kind == "artifact" || kind == "unpack") {
    fs::create_directories(node / "tmp/t");
    write_file(node / "tmp/t/x", "x");
    node.run("tar -cf /opt/muster/store/tool -C /tmp/t . && rm -r /tmp/t", kNonce);
  }
}

}  // namespace

TEST_CASE("former: of every kind, nothing is left under a name that is wanted no more") {
  for (const auto& kind : kinds()) {
    CAPTURE(kind.name);
    if (kNothing.contains(kind.name)) continue;
    REQUIRE(kNamed.contains(kind.name));
    auto at = [&](const std::string& name) {
      auto made = role("mine", "tasks:\n  - {name: a, " + kNamed.at(kind.name) + "}\n");
      made.context["at"] = name;
      made.context["port"] = name == "one" ? "1001" : "1002";
      // Copies in the ledger are named by it.
      made.nonce += name;
      for (const char* artifact : {"one", "two", "tool"}) made.artifacts[artifact] = artifact;
      return made;
    };
    auto apply_to = [&](Sandbox& node, const std::string& name) {
      auto ran = node.run(at(name).script().script, at(name).nonce);
      CHECK_MESSAGE(ran.ended, all_said(ran));
      CHECK_MESSAGE(outcomes(ran).find("failed") == std::string::npos, all_said(ran));
      return outcomes(ran);
    };
    auto all_of = [&](const Sandbox& node) {
      auto all = seen(node);
      for (const char* rest : {"etc/passwd-", "etc/shadow-", "etc/group-", "etc/gshadow-"}) {
        all.erase(rest);
      }
      // What the test's systemctl knows of a unit that is down.
      if (kind.name == "unit") {
        for (const char* file : {"active", "file"})
          all.erase("units/one.service/" + std::string(file));
      }
      // The new user has another number.
      if (kind.name == "user") {
        for (auto& [path, text] : all) {
          if (path.starts_with("home/two") || path == "etc/passwd" || path == "etc/group")
            text = "";
        }
      }
      return all;
    };
    Sandbox fresh(Flavour::dash);
    furnish_for(fresh, kind.name);
    apply_to(fresh, "two");
    Sandbox node(Flavour::dash);
    furnish_for(node, kind.name);
    apply_to(node, "one");
    CHECK(check(node, at("two")) != "");
    CHECK(apply_to(node, "two") == "changed changed");
    CHECK(paths(all_of(node)) == paths(all_of(fresh)));
    CHECK(all_of(node) == all_of(fresh));
    CHECK(check(node, at("two")) == "");
    CHECK(apply_to(node, "two") == "unchanged");
    if (kind.name == "user") CHECK_FALSE(has_user(node, "one"));
    if (kind.name != "unit") continue;
    CHECK(read_file(node / "units/one.service/active") == "inactive\n");
    CHECK(read_file(node / "units/one.service/file") == "disabled\n");
  }
}

TEST_CASE("former: a group that a user of somebody was put into is left again") {
  Sandbox node(Flavour::dash);
  auto before = read_file(node / "etc/group");
  apply(node, role("mine", "tasks:\n  - {name: a, user: {name: ann, groups: [disk]}}\n"));
  CHECK(read_file(node / "etc/group").find("disk:x:6:ann") != std::string::npos);
  node.add_program("gpasswd", "sed -i 's/^disk:x:6:.*/disk:x:6:/' /etc/group\n");
  auto without = role("mine", "tasks:\n  - {name: a, user: {name: ann}}\n");
  CHECK(apply(node, without) == "changed: take ann out of group disk");
  CHECK(read_file(node / "etc/group") == before);
  write_file(node / "etc/group", "root:x:0:\nann:x:1000:\ndisk:x:6:ann\n");
  CHECK(check(node, without) == "changed: take ann out of group disk");
}

TEST_SUITE_END();
