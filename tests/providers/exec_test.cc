// Programs as providers: shell scripts of the test's own, started for real.
#include "providers/exec/exec.h"

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <thread>

#include "providers/exec/protocol.h"
#include "provisioner/base/clock.h"
#include "provisioner/base/error.h"
#include "provisioner/base/files.h"
#include "provisioner/base/text.h"
#include "tests/support/folder.h"
#include "tests/support/sshd.h"

using namespace muster;
using Json = nlohmann::json;

namespace {

/// A provider "lab" whose program keeps its request in a file, and then does as `body` says.
struct Lab {
  explicit Lab(const std::string& body, int seconds = 20) {
    write_file(folder / "program", "#!/bin/sh\ncat > '" + folder / "request'\n" + body + "\n",
               0755);
    GivenProvider given;
    given.name = "lab";
    given.kind = "exec";
    given.hints =
        Json{{"program", folder / "program"}, {"deadline_seconds", seconds}, {"region", "north"}}
            .dump();
    given.secrets["token"] = Secret("-hunter2-");
    given.secrets["key"] = Secret("{\n  \"private\": \"abcdefghijk\"\n}");
    provider = std::make_unique<ExecProvider>(exec_settings(given));
  }

  Json request() const { return Json::parse(read_file(folder / "request")); }
  std::string error_of(const std::function<void()>& call) const {
    try {
      call();
    } catch (const Error& error) {
      // Each test has another folder.
      std::string text = error.what();
      auto at = text.find(folder / "program");
      if (at != std::string::npos) text.replace(at, (folder / "program").size(), "PROGRAM");
      return text;
    }
    return "";
  }
  std::string create_error() const {
    return error_of([&] { provider->create(spec()); });
  }
  static NodeSpec spec() {
    NodeSpec spec;
    spec.name = "web-1";
    spec.fqdn = "web-1.example";
    spec.deployment = "site";
    spec.tenant = "blue";
    spec.tag = "state/site";
    spec.token = "t-1";
    spec.hints = R"({"region": "south", "size": 2})";
    spec.authorized_key = "ssh-ed25519 AAAA muster";
    return spec;
  }

  TestFolder folder;
  std::unique_ptr<ExecProvider> provider;
};

std::string answer(const std::string& members) {
  return "echo '{\"muster\": 1" + (members.empty() ? "" : ", " + members) + "}'";
}

}  // namespace

TEST_CASE("exec: a create asks with all that is known, secrets on stdin alone") {
  Lab lab(
      "tr '\\0' ' ' < /proc/$$/cmdline > \"$0.argv\"; tr '\\0' ' ' < /proc/$$/environ > "
      "\"$0.environment\"\n" +
      answer(R"("node": {"handle": "h-1", "address": "192.0.2.1", "port": 2222,
                     "user": "admin", "host_key": "ssh-ed25519 AAAAC3", "bastion": "b@gate"})"));
  auto node = lab.provider->create(Lab::spec());
  CHECK(node.handle == "h-1");
  CHECK(node.token == "t-1");
  CHECK(node.name == "web-1");
  CHECK(node.complete);
  CHECK_FALSE(node.when_silent.empty());
  CHECK(node.endpoint.address == "192.0.2.1");
  CHECK(node.endpoint.port == 2222);
  CHECK(node.endpoint.user == "admin");
  CHECK(node.endpoint.host_key == "ssh-ed25519 AAAAC3");
  CHECK(node.endpoint.bastion == "b@gate:22");
  CHECK(lab.request() == Json::parse(R"({"muster": 1, "call": "create", "deadline_seconds": 20,
          "hints": {"region": "south", "size": 2},
          "provider": {"name": "lab", "hints": {"region": "north"},
            "secrets": {"token": "-hunter2-", "key": "{\n  \"private\": \"abcdefghijk\"\n}"}},
          "node": {"token": "t-1", "name": "web-1", "fqdn": "web-1.example",
            "deployment": "site", "tenant": "blue", "tag": "state/site",
            "authorized_key": "ssh-ed25519 AAAA muster"}})"));
  for (const char* where : {"program.argv", "program.environment"}) {
    auto text = read_file(lab.folder / where);
    CHECK(text.find("hunter2") == std::string::npos);
    CHECK(text.find("abcdefghijk") == std::string::npos);
  }
}

TEST_CASE("exec: the other calls") {
  Lab lab(answer(R"("mistakes": ["no hint '\''size'\''"], "nodes": [
    {"handle": "h-1", "token": "t-1", "name": "web-1", "address": "192.0.2.1"},
    {"handle": "h-2", "token": "t-2", "name": "web-2", "complete": false},
    {"handle": "h-3", "token": "t-3", "name": "web-3", "address": "web-3.example",
     "running": false, "more": "than is known"}])"));
  CHECK(lab.provider->validate(R"({"size": 2})") == std::vector<std::string>{"no hint 'size'"});
  CHECK(lab.request()["call"] == "validate");
  CHECK(lab.request()["hints"] == Json{{"size", 2}});
  auto nodes = lab.provider->list("state/site");
  CHECK(lab.request()["call"] == "list");
  CHECK(lab.request()["tag"] == "state/site");
  REQUIRE(nodes.size() == 3);
  CHECK((nodes[0].complete && nodes[0].running && nodes[0].endpoint.port == 22));
  CHECK_FALSE(nodes[1].complete);
  CHECK_FALSE(nodes[2].running);
  lab.provider->destroy("h-1");
  CHECK(lab.request()["call"] == "destroy");
  CHECK(lab.request()["handle"] == "h-1");
  lab.provider->set_power("h-1", false);
  CHECK(lab.request()["call"] == "power");
  CHECK(lab.request()["on"] == false);
}

TEST_CASE("exec: the program's own error is told with its hint, and whether to ask again") {
  Lab lab(answer(R"("error": "no more machines", "hint": "ask for a quota")") + "; exit 3");
  CHECK(lab.create_error() ==
        "provider 'lab', asked to create node 'web-1': no more machines\n  ask for a quota");
  CHECK_THROWS_AS(lab.provider->destroy("h"), Error);
  Lab busy(answer(R"("error": "busy", "temporary": true)"));
  CHECK_THROWS_AS(busy.provider->create(Lab::spec()), TemporaryError);
}

TEST_CASE("exec: garbage is an error with its beginning, and with what was said on stderr") {
  Lab lab("printf '<html>\\033[2J\\n</html>\\n'; echo 'no route' >&2");
  CHECK(lab.create_error() ==
        "provider 'lab', asked to create node 'web-1': the program 'PROGRAM' gave an answer that "
        "is none: '<html> [2J'; it said:\nno route\n"
        "  an answer is one JSON object with \"muster\": 1; the protocol is in docs/providers.md");
  CHECK(Lab("true").create_error().find("gave no answer") != std::string::npos);
  CHECK(Lab("echo '{}'").create_error().find("an answer that is none: '{}'") != std::string::npos);
  CHECK(Lab(answer("") + "; echo more").create_error().find("is none") != std::string::npos);
  CHECK(Lab("echo '{\"muster\": 3}'").create_error() ==
        "provider 'lab', asked to create node 'web-1': the program 'PROGRAM' speaks version 3 of "
        "the protocol, and was asked in version 1\n  use versions of both that fit");
}

TEST_CASE("exec: what is not as the protocol says is named") {
  auto wrong = [](const std::string& node) {
    auto text = Lab(answer("\"node\": " + node)).create_error();
    return text.substr(0, text.find('\n'));
  };
  const std::string not_right = "the program's answer is not right: ";
  CHECK(wrong("3") == not_right + "node is no object");
  CHECK(wrong("{}") == not_right + "'node.handle' is missing or empty");
  CHECK(wrong(R"({"handle": "h"})") == not_right + "'node.address' is missing or empty");
  CHECK(wrong(R"({"handle": "h", "address": "-oProxyCommand=x"})") ==
        not_right + "'node.address' is no address: '-oProxyCommand=x'");
  CHECK(wrong(R"({"handle": "h", "address": "a", "port": 70000})") ==
        not_right + "'node.port' is no whole number from 1 to 65535");
  CHECK(wrong(R"({"handle": "h", "address": "a", "user": "-l"})") ==
        not_right + "'node.user' is no login name");
  CHECK(wrong(R"({"handle": "h", "address": "a", "host_key": "rsa"})") ==
        not_right + "'node.host_key' is neither \"ssh-ed25519 AAAA...\" nor \"SHA256:...\"");
  CHECK(wrong(R"({"handle": "h", "address": "a", "token": "other"})") ==
        not_right + "'node.token' is 'other', and not 't-1' as asked for");
  CHECK(wrong(R"({"handle": "h", "complete": false})") ==
        not_right +
            "'node.complete' is false, and there is neither \"boot_seconds\" nor \"error\"");
  Lab list(answer(R"("nodes": [{"handle": "h", "name": "n", "address": "a"}])"));
  CHECK(list.error_of([&] { list.provider->list("t"); })
            .starts_with(
                not_right +
                "'nodes[0].token' is missing or empty\n  while reading the answer of provider"));
  CHECK_THROWS_AS(Lab(answer("")).provider->list("t"), Error);
}

TEST_CASE("exec: at the deadline the program and what it started are ended") {
  Lab lab("sleep 61 & echo $! > \"$0.child\"; echo waiting >&2; wait", 1);
  CHECK(lab.create_error() ==
        "provider 'lab', asked to create node 'web-1': the program 'PROGRAM' did not answer "
        "within 1.0s and was ended; it said:\nwaiting\n"
        "  give it more time with the provider's hint 'deadline_seconds'");
  auto child = trim(read_file(lab.folder / "program.child"));
  Deadline deadline(std::chrono::seconds(10));
  // Until its new parent has taken note of its end it is a zombie.
  auto lives = [&] {
    std::ifstream file("/proc/" + child + "/stat");
    std::string stat;
    return std::getline(file, stat) && stat.find(") Z ") == std::string::npos;
  };
  while (lives() && !deadline.passed()) std::this_thread::sleep_for(std::chrono::milliseconds(5));
  CHECK_FALSE(lives());
  CHECK_THROWS_AS(lab.provider->create(Lab::spec()), TemporaryError);
}

TEST_CASE("exec: a program that dies, fails or writes without end") {
  Lab dies("kill -9 $$");
  CHECK(
      dies.create_error() ==
      "provider 'lab', asked to create node 'web-1': the program 'PROGRAM' was ended by signal 9");
  CHECK_THROWS_AS(dies.provider->create(Lab::spec()), TemporaryError);
  Lab fails(answer("\"node\": {}") + "; echo 'Traceback: x' >&2; exit 7");
  CHECK(fails.create_error() ==
        "provider 'lab', asked to create node 'web-1': the program 'PROGRAM' ended with exit code "
        "7; it said:\nTraceback: x");
  CHECK(Lab("exec yes").create_error().find("wrote without end, and was ended") !=
        std::string::npos);
}

TEST_CASE("exec: secrets are in no error, wherever the program put them") {
  Lab echoes(
      "cat \"$(dirname \"$0\")/request\" >&2; printf 'key:\\n{\\n  \"private\": "
      "\"abcdefghijk\"\\n}\\n' >&2; cat \"$(dirname \"$0\")/request\"; exit 1");
  auto text = echoes.create_error();
  CHECK(text.find("(secret)") != std::string::npos);
  CHECK(text.find("hunter2") == std::string::npos);
  CHECK(text.find("abcdefghijk") == std::string::npos);
  Lab objects(answer(R"("mistakes": ["login with -hunter2- failed"])"));
  CHECK(objects.provider->validate("{}") == std::vector<std::string>{"login with (secret) failed"});
  Lab tells(answer(R"("error": "-hunter2- is expired", "hint": "renew -hunter2-")"));
  CHECK(tells.create_error() ==
        "provider 'lab', asked to create node 'web-1': (secret) is expired\n  renew (secret)");
}

TEST_CASE("exec: settings are the record's, never a definition's") {
  Lab lab(answer("\"mistakes\": []"));
  CHECK(lab.provider->validate(R"({"program": "/bin/rm"})") ==
        std::vector<std::string>{"hint 'program' belongs to the provider, not to a definition; "
                                 "make another provider: muster provider create JSON"});
  CHECK_FALSE(std::filesystem::exists(lab.folder / "request"));
  // As hints come with the record's own merged in.
  CHECK(lab.provider->validate(Json{{"program", lab.folder / "program"}}.dump()).empty());
  CHECK(lab.request()["hints"] == Json::object());
  auto mistakes_of = [](const std::string& hints) {
    return join(ExecProvider(exec_settings({"x", "exec", hints, {}})).validate("{}"), "; ");
  };
  CHECK(mistakes_of(R"({"program": "bin/x"})") ==
        "hint 'program' is \"bin/x\"; give an absolute path, or the name of a program in PATH");
  CHECK(mistakes_of(R"({"deadline_seconds": 0})") ==
        "hint 'deadline_seconds' is 0; give a whole number from 1 to 86400");
  CHECK(mistakes_of("{}").starts_with("cannot run 'muster-provider-x': no such program in PATH"));
  CHECK(mistakes_of(R"({"program": "/no/such"})").find("cannot run '/no/such'") !=
        std::string::npos);
}

TEST_CASE("exec: without a program it says how to get one, and has no nodes") {
  ExecSettings none;
  none.name = "exec";
  ExecProvider provider(none);
  CHECK(provider.list("tag").empty());
  REQUIRE(provider.validate("{}").size() == 1);
  CHECK(provider.validate("{}").front().find("muster provider create") != std::string::npos);
  CHECK_THROWS_AS(provider.create(Lab::spec()), Error);
  CHECK_THROWS_AS(provider.destroy("h"), Error);
}

TEST_CASE("exec: of a node that boots, or is still being made, nobody is waited for") {
  Lab boots(
      answer(R"("boot_seconds": 20, "node": {"handle": "h", "address": "127.0.0.1", "port": 9})"));
  auto node = boots.provider->create(Lab::spec());
  CHECK(node.handle == "h");
  CHECK(node.complete);
  CHECK(node.boots_for == std::chrono::seconds(20));
  Lab makes(answer(R"("boot_seconds": 300, "node": {"handle": "h", "complete": false})"));
  node = makes.provider->create(Lab::spec());
  CHECK(node.handle == "h");
  CHECK_FALSE(node.complete);
  CHECK(node.boots_for == std::chrono::seconds(300));
}

TEST_CASE("exec: a program of version 1 has no word on one node") {
  Lab lab(answer(""));
  auto note = lab.provider->presence({"h-1", "t-1", "state/site"});
  CHECK(note.presence == Presence::untold);
  CHECK(note.why == "its program speaks version 1 of the protocol, which has no word for it");
  CHECK(lab.request()["call"] == "hello");
  CHECK(lab.request()["muster"] == 2);
  CHECK(lab.provider->wipes());
  lab.provider->destroy("h-1");
  CHECK(lab.request()["muster"] == 1);
}

TEST_CASE("exec: a program of version 2 says whether a node is there, and what a destroy does") {
  auto says = [](const std::string& members) {
    return Lab("echo '{\"muster\": 2, \"wipes\": false" + members + "}'");
  };
  const KnownNode node{"h-1", "t-1", "state/site"};
  auto gone = says(R"(, "presence": "gone")");
  CHECK(gone.provider->presence(node).presence == Presence::gone);
  CHECK(gone.request()["muster"] == 2);
  CHECK(gone.request()["call"] == "presence");
  CHECK(gone.request()["handle"] == "h-1");
  CHECK(gone.request()["token"] == "t-1");
  CHECK(gone.request()["tag"] == "state/site");
  CHECK_FALSE(gone.provider->wipes());
  auto unsure = says(R"(, "presence": "unsure", "why": "-hunter2- is asleep")");
  CHECK(unsure.provider->presence(node).presence == Presence::unsure);
  CHECK(unsure.provider->presence(node).why == "(secret) is asleep");
  auto there = says(R"(, "presence": "there", "handles": ["h-1", "h-2"])");
  CHECK(there.provider->presence({"", "t-1", "state/site"}).handles ==
        std::vector<std::string>{"h-1", "h-2"});
  auto error_of = [&](const std::string& members, const KnownNode& asked) {
    auto lab = says(members);
    return lab.error_of([&] { lab.provider->presence(asked); });
  };
  CHECK(error_of(R"(, "presence": "lost")", node)
            .starts_with("the program's answer is not right: 'answer.presence' is none of there, "
                         "gone and unsure: "
                         "'lost'"));
  CHECK(error_of(R"(, "presence": "there")", {"", "t-1", "x"})
            .starts_with("the program's answer is not right: 'handles' is missing"));
  CHECK(error_of("", node).starts_with(
      "the program's answer is not right: 'answer.presence' is missing or empty"));
}

TEST_CASE("exec: a program is asked once which version it speaks") {
  Lab lab("echo . >> \"$0.calls\"\necho '{\"muster\": 2, \"nodes\": []}'");
  for (int i = 0; i < 3; ++i) CHECK(lab.provider->list("state/site").empty());
  CHECK(read_file(lab.folder / "program.calls") == ".\n.\n.\n.\n");
}

TEST_CASE("exec: each name that was given is a provider of its own") {
  TestFolder folder;
  ProviderRegistry registry({folder.path()});
  registry.give({"one", "exec", R"({"program": "/bin/one"})", {}});
  registry.give({"two", "exec", "{}", {}});
  auto program_of = [&](const std::string& name) {
    return dynamic_cast<ExecProvider&>(registry.get(name)).program().settings().program;
  };
  CHECK(program_of("one") == "/bin/one");
  CHECK(program_of("two") == "muster-provider-two");
  CHECK(program_of("exec") == "");
  registry.give({"one", "local", "{}", {}});
  CHECK(&registry.get("one") == &registry.get("local"));
}
