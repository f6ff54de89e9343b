// Commands that read the state, on a state made for them.
#include "provisioner/base/clock.h"
#include "provisioner/base/text.h"
#include "provisioner/cli/release_text.h"
#include "tests/cli/desk.h"

using namespace muster;
using testing::Desk;

namespace {

constexpr std::int64_t kMinute = 60'000;

std::string host() {
  char name[256] = "";
  ::gethostname(name, sizeof name - 1);
  return name;
}

/// A state with the deployment "demo": a node that is ready, and one that is not.
class AppDesk : public Desk {
 public:
  AppDesk() : Desk("{}") {
    NodeRecord ready;
    ready.name = "demo-01-001";
    ready.provider = "local";
    ready.handle = "mu1";
    ready.state = NodeState::ready;
    ready.endpoint.address = "10.0.0.2";
    ready.pod_cidr = "10.233.64.0/24";
    ready.wanted_roles = {"etcd", "k8s-master"};
    store().put_node("demo", ready);
    store().put_role("demo", ready.name, {"base", "f"});
    NodeRecord creating;
    creating.name = "demo-02-001";
    creating.provider = "local";
    creating.wanted_roles = {"k8s-worker"};
    store().put_node("demo", creating);
  }

  void revise(const std::string& text) {
    auto record = store().deployment("demo").value();
    record.definition_text = text;
    store().begin_revision(record, "muster apply demo.json");
  }

  void lease(std::int64_t pid, std::int64_t ttl_ms = kMinute) {
    Lease wanted;
    wanted.deployment = "demo";
    wanted.user = "anna";
    wanted.host = host();
    wanted.owner = "0123456789abcdef";
    wanted.process.pid = pid;
    wanted.command = "muster apply demo.json";
    CHECK_FALSE(store().acquire_lease(wanted, ttl_ms));
  }
};

}  // namespace

TEST_CASE("app: status shows the nodes and how far they are") {
  AppDesk desk;
  CHECK(desk.run({"status", "demo"}) == 0);
  CHECK(desk.out ==
        "demo (tenant blue), revision 1, incomplete\n"
        "NODE         STATE     ADDRESS   ROLES            APPLIED\n"
        "demo-01-001  ready     10.0.0.2  etcd,k8s-master  1\n"
        "demo-02-001  creating            k8s-worker       0\n"
        "unsure, until the next apply or destroy:\n"
        "  demo-02-001 may exist or not: its creation was not finished\n");
  CHECK(desk.run({"status", "demo", "-o", "wide"}) == 0);
  CHECK(desk.out.find("PROVIDER  POD-CIDR        HANDLE  ROLES-APPLIED\n") != std::string::npos);
  CHECK(desk.run({"status", "demo", "-o", "json"}) == 0);
  CHECK(desk.out.find("\"applied_roles\": [\n        \"base\"\n") != std::string::npos);
  CHECK(desk.run({"list"}) == 0);
  CHECK(desk.out ==
        "NAME  TENANT  REVISION  NODES  STATE\n"
        "demo  blue    1         2      incomplete\n");
}

TEST_CASE("app: status holds the record against what the definition wants") {
  AppDesk desk;
  desk.revise(R"({"name": "demo", "tenant": "blue", "nodes": [
    {"prefix": "demo-01", "roles": ["etcd", "k8s-master"]},
    {"prefix": "demo-03", "roles": ["k8s-worker"]}]})");
  desk.store().put_role("demo", "demo-01-001", {"etcd", ""});
  desk.store().put_role("demo", "demo-01-001", {"base", kInDoubt});
  desk.store().mark_undo("demo", 1);
  CHECK(desk.run({"status", "demo"}) == 0);
  CHECK(desk.out == "demo (tenant blue), revision 2, incomplete\n" +
                        release_line("v1.37.2", format_time(RealClock().wall_ms()).substr(0, 10)) +
                        "  an atomic apply has not ended: its undoing would go back to revision 1\n"
                        "NODE         STATE              ADDRESS   ROLES            APPLIED\n"
                        "demo-01-001  ready              10.0.0.2  etcd,k8s-master  0 of 11\n"
                        "demo-02-001  creating, leaving            k8s-worker       0\n"
                        "demo-03-001  missing                      k8s-worker       0 of 8\n"
                        "unsure, until the next apply or destroy:\n"
                        "  base on demo-01-001 is not finished\n"
                        "  etcd on demo-01-001 is not finished\n"
                        "  demo-02-001 may exist or not: its creation was not finished\n");
  CHECK(desk.run({"status", "demo", "-o", "json"}) == 0);
  CHECK(desk.out.find("\"undo_to\": 1") != std::string::npos);
  CHECK(desk.out.find("\"whole\": false") != std::string::npos);
  CHECK(desk.out.find("\"wanted\": false") != std::string::npos);
  desk.store().mark_undo("demo", 0);
  CHECK(desk.run({"status", "demo"}) == 0);
  CHECK(desk.out.find("its undoing would destroy the deployment\n") != std::string::npos);
}

TEST_CASE("app: status counts the roles that a node wants, not those that are to leave it") {
  AppDesk desk;
  desk.revise(R"({"name": "demo", "tenant": "blue", "nodes": [
    {"prefix": "demo-00", "roles": ["etcd", "k8s-master"]},
    {"prefix": "demo-01", "roles": ["k8s-worker"]}]})");
  for (const auto* role : {"base", "network-bridge", "container-runtime", "dns-image",
                           "api-balancer", "kube-node", "kube-node-ready", "k8s-addons"}) {
    desk.store().put_role("demo", "demo-01-001", {role, "f"});
  }
  auto applied = [&] {
    CHECK(desk.run({"status", "demo"}) == 0);
    auto line = desk.out.substr(desk.out.find("demo-01-001"));
    return line.substr(0, line.find('\n')).substr(line.find("k8s-master") + 12);
  };
  CHECK(applied() == "7 of 8");  // k8s-addons does not stand in for k8s-worker
  desk.store().put_role("demo", "demo-01-001", {"k8s-worker", "f"});
  CHECK(applied() == "8 of 8");
}

TEST_CASE("app: a trace that cannot be written is refused before anything is destroyed") {
  AppDesk desk;
  CHECK(desk.run({"destroy", "demo", "--yes", "--trace", "/nowhere/trace.json"}) == 2);
  CHECK(desk.talk ==
        "muster: cannot write the trace '/nowhere/trace.json': No such file or directory\n"
        "  name another file with --trace\n");
  CHECK(desk.store().runs("demo").empty());
  CHECK(desk.store().deployment("demo")->nodes.size() == 2);
}

TEST_CASE("app: history says who applied what, and what it changed") {
  AppDesk desk;
  desk.store().mark_applied("demo", true);
  desk.revise("{\n  \"commit\": false\n}\n");
  auto lines = [&] { return split(desk.out, '\n'); };
  CHECK(desk.run({"history", "demo"}) == 0);
  auto table = lines();
  REQUIRE(table.size() == 4);
  CHECK(table[0].starts_with("REVISION  WHEN "));
  CHECK(table[1].starts_with("1         20"));
  CHECK(table[1].find("  whole      muster apply") != std::string::npos);
  CHECK(table[2].starts_with("2 *       20"));
  CHECK(table[2].find("  not whole  muster apply demo.json") != std::string::npos);

  CHECK(desk.run({"history", "demo", "1"}) == 0);
  CHECK(desk.out == "{}");
  CHECK(desk.run({"history", "demo", "2", "--diff"}) == 0);
  CHECK(desk.out ==
        "--- demo revision 1\n+++ demo revision 2\n@@ -1 +1,3 @@\n-{}\n"
        "\\ No newline at end of file\n+{\n+  \"commit\": false\n+}\n");
  CHECK(desk.run({"history", "demo", "1", "--diff"}) == 0);
  CHECK(desk.out == "the first revision; there is none to compare it with\n");
  desk.revise("{\n  \"commit\": false\n}\n");
  CHECK(desk.run({"history", "demo", "--diff"}) == 0);
  CHECK(desk.out.find("\n\nrevision 2, 20") != std::string::npos);
  CHECK(desk.out.ends_with("\nsays the same as revision 2\n"));
  CHECK(desk.run({"history", "demo", "-o", "json"}) == 0);
  CHECK(desk.out.find("\"command\": \"muster apply demo.json\"") != std::string::npos);

  CHECK(desk.run({"history", "demo", "9"}) == 2);
  CHECK(desk.talk == "muster: 'demo' has no revision '9'\n  it has: 1, 2, 3\n");
  CHECK(desk.run({"history", "dmeo"}) == 2);
  CHECK(desk.talk == "muster: there is no deployment 'dmeo'\n  did you mean 'demo'?\n");
  desk.store().forget_deployment("demo");
  CHECK(desk.run({"history", "demo"}) == 0);
  CHECK(desk.talk == "muster: 'demo' is destroyed; this is what it was\n");
  CHECK(desk.out.find("*") == std::string::npos);
}

TEST_CASE("app: logs shows the last run, or all of them") {
  AppDesk desk;
  for (std::string command : {"muster apply one.json", "muster apply two.json"}) {
    auto run = desk.store().begin_run("demo", command);
    Event event;
    event.type = EventType::step_finished;
    event.deployment = "demo";
    event.node = command.ends_with("one.json") ? "demo-01-001" : "demo-02-001";
    event.step = "base on " + event.node;
    event.verb = "apply";
    event.role = "base";
    event.outcome = Outcome::changed;
    desk.store().journal(run, event);
    desk.store().finish_run(run, "done");
  }
  CHECK(desk.run({"logs", "demo"}) == 0);
  CHECK(desk.out.find("two.json  done\n") != std::string::npos);
  CHECK(desk.out.find("one.json") == std::string::npos);
  CHECK(desk.run({"logs", "demo", "--all"}) == 0);
  CHECK(desk.out.find("one.json  done\n") < desk.out.find("two.json  done\n"));
  CHECK(desk.run({"logs", "demo", "demo-01-001"}) == 0);
  CHECK(desk.talk == "muster: the last run did nothing on 'demo-01-001'\n");
  CHECK(desk.run({"logs", "demo", "demo-03-001", "--all"}) == 0);
  CHECK(desk.talk == "muster: no run did anything on 'demo-03-001'\n");
}

TEST_CASE("app: a deployment is busy while its run lives") {
  AppDesk desk;
  desk.lease(::getpid());
  CHECK(desk.run({"list"}) == 0);
  CHECK(desk.out.find("busy (anna@" + host() + ", pid ") != std::string::npos);
  desk.store().release_lease("demo");
  desk.lease(::getpid(), 0);
  CHECK(desk.run({"list"}) == 0);
  CHECK(desk.out.find("incomplete") != std::string::npos);
}

TEST_CASE("app: a name that is wrong gets the one that is near") {
  AppDesk desk;
  for (std::string command : {"status", "kubeconfig", "ssh", "logs", "unlock"}) {
    CHECK(desk.run({command, "dmeo"}) == 2);
    CHECK(desk.talk == "muster: there is no deployment 'dmeo'\n  did you mean 'demo'?\n");
  }
  CHECK(desk.run({"status", "production"}) == 2);
  CHECK(desk.talk == "muster: there is no deployment 'production'\n  there are: demo\n");
  CHECK(desk.run({"ssh", "demo", "demo-03"}) == 2);
  CHECK(desk.talk ==
        "muster: 'demo' has no node 'demo-03'\n  its nodes: demo-01-001, demo-02-001\n");
}

TEST_CASE("app: a node that is not ready cannot be logged in to") {
  AppDesk desk;
  CHECK(desk.run({"ssh", "demo", "demo-02-001"}) == 1);
  CHECK(desk.talk ==
        "muster: node 'demo-02-001' is creating\n  finish it first: muster apply demo.json\n");
}

TEST_CASE("app: unlock takes away a living run's lock only when told so") {
  AppDesk desk;
  CHECK(desk.run({"unlock", "demo"}) == 0);
  CHECK(desk.talk == "muster: 'demo' is not locked\n");
  desk.lease(::getpid());
  CHECK(desk.run({"unlock", "demo"}) == 2);
  CHECK(
      desk.talk.ends_with("\nmuster: unlocking under a living run can break it\n"
                          "  without a terminal to ask on, say --yes\n"));
  CHECK(desk.store().lease("demo"));
  CHECK(desk.run({"unlock", "demo", "--yes"}) == 0);
  CHECK(desk.talk.ends_with("\nmuster: 'demo' is unlocked\n"));
  CHECK_FALSE(desk.store().lease("demo"));
}

TEST_CASE("app: unlock names the lock, and takes away no other than it is told") {
  AppDesk desk;
  desk.lease(::getppid());
  CHECK(desk.run({"unlock", "demo", "fedcba9876543210", "--yes"}) == 2);
  CHECK(desk.talk.find("'muster apply demo.json' (lock 0123456789abcdef)\n") != std::string::npos);
  CHECK(
      desk.talk.ends_with("muster: the lock fedcba9876543210 on 'demo' is not there any more\n"
                          "  see who has it now: muster status demo\n"));
  CHECK(desk.store().lease("demo"));
  CHECK(desk.run({"unlock", "demo", "0123456789abcdef", "--yes"}) == 0);
  CHECK_FALSE(desk.store().lease("demo"));
}

TEST_CASE("app: unlock asks nothing when the run is gone") {
  AppDesk desk;
  desk.lease(::getpid(), 0);
  CHECK(desk.run({"unlock", "demo"}) == 0);
  CHECK(desk.talk.find("), which is gone\nmuster: 'demo' is unlocked\n") != std::string::npos);
}

TEST_CASE("app: logs shows the last run, and only a node's part of it when asked") {
  AppDesk desk;
  CHECK(desk.run({"logs", "demo"}) == 0);
  CHECK(desk.talk == "muster: nothing has been run on 'demo' yet\n");
  auto run = desk.store().begin_run("demo", "muster apply demo.json");
  for (std::string node : {"demo-01-001", "demo-02-001"}) {
    Event event;
    event.type = EventType::step_started;
    event.deployment = "demo";
    event.node = node;
    event.step = "etcd on " + node;
    event.verb = "apply";
    event.role = "etcd";
    desk.store().journal(run, event);
    event.type = EventType::step_finished;
    event.outcome = node == "demo-01-001" ? Outcome::changed : Outcome::failed;
    event.ms = 1500;
    event.task = event.outcome == Outcome::failed ? "etcd is started" : "";
    event.exit_code = event.outcome == Outcome::failed ? 3 : 0;
    desk.store().journal(run, event);
  }
  desk.store().finish_run(run, "failed");
  CHECK(desk.run({"logs", "demo"}) == 0);
  CHECK(
      desk.out.ends_with("  muster apply demo.json  failed\n"
                         "demo/demo-01-001  etcd                 changed    1.5s\n"
                         "demo/demo-02-001  etcd                 failed     1.5s\n"
                         "    task:    etcd is started\n"
                         "    exit code 3, no output\n"));
  CHECK(desk.run({"logs", "demo", "demo-01-001"}) == 0);
  CHECK(desk.out.find("demo-02-001") == std::string::npos);
  CHECK(desk.run({"logs", "demo", "demo-09"}) == 0);
  CHECK(desk.talk == "muster: the last run did nothing on 'demo-09'\n");
  CHECK(desk.run({"logs", "demo", "--json"}) == 0);
  CHECK(desk.out.starts_with("{\"type\":\"step_started\""));
}

TEST_CASE("app: destroy without a terminal and without --yes touches nothing") {
  AppDesk desk;
  CHECK(desk.run({"destroy", "demo"}) == 2);
  CHECK(desk.talk ==
        "muster: destroy deletes nodes and everything on them\n"
        "  without a terminal to ask on, say --yes\n");
  CHECK(desk.store().deployment("demo"));
}

TEST_CASE("app: a deployment that another run holds is refused with its name") {
  AppDesk desk;
  desk.lease(::getppid());
  CHECK(desk.run({"destroy", "demo", "--yes"}) == 3);
  CHECK(desk.talk.starts_with("muster: 'demo' is in use by anna@" + host() + ", pid "));
  CHECK(
      desk.talk.ends_with("wait for it; if that run is gone for good: muster unlock demo "
                          "0123456789abcdef --yes\n"));
}

TEST_CASE("app: list and status say when a deployment expires") {
  AppDesk desk;
  const auto now = RealClock().wall_ms();
  desk.store().mark_expiry("demo", now + 120 * kMinute - 1000);
  CHECK(desk.run({"list"}) == 0);
  CHECK(desk.out ==
        "NAME  TENANT  REVISION  NODES  EXPIRES   STATE\n"
        "demo  blue    1         2      in 1h59m  incomplete\n");
  CHECK(desk.run({"status", "demo"}) == 0);
  CHECK(desk.out.starts_with("demo (tenant blue), revision 1, incomplete, expires in 1h59m\n"));
  CHECK(desk.run({"status", "demo", "-o", "json"}) == 0);
  CHECK(desk.out.find("\"expires\": \"" + format_time(now + 120 * kMinute - 1000) + "\"") !=
        std::string::npos);
  desk.store().mark_expiry("demo", now - 2 * 24 * 60 * kMinute);
  CHECK(desk.run({"list"}) == 0);
  CHECK(desk.out.find("  expired 2d ago  incomplete\n") != std::string::npos);
  CHECK(desk.run({"status", "demo"}) == 0);
  CHECK(desk.out.starts_with("demo (tenant blue), revision 1, incomplete, expired 2d ago\n"));
  desk.store().mark_expiry("demo", 0);
  CHECK(desk.run({"list", "-o", "json"}) == 0);
  CHECK(desk.out.find("expires") == std::string::npos);
}

TEST_CASE("app: gc says what has expired, and wants --yes without a terminal") {
  AppDesk desk;
  CHECK(desk.run({"gc"}) == 2);
  CHECK(desk.talk ==
        "muster: gc deletes nodes and everything on them\n"
        "  without a terminal to ask on, say --yes; to see what it would do: muster gc "
        "--dry-run\n");
  CHECK(desk.run({"gc", "--yes"}) == 0);
  CHECK(desk.talk == "muster: nothing has expired\n");
  const auto now = RealClock().wall_ms();
  desk.store().mark_expiry("demo", now + 60 * kMinute);
  CHECK(desk.run({"gc", "--yes"}) == 0);
  desk.store().mark_expiry("demo", now - 60 * kMinute);
  CHECK(desk.run({"gc", "--dry-run"}) == 0);
  CHECK(desk.out ==
        "NAME  TENANT  NODES  EXPIRED\n"
        "demo  blue    2      1h ago\n");
  CHECK(desk.store().deployment("demo")->nodes.size() == 2);
}

TEST_CASE("app: gc leaves alone what a living run has, and its exit code says so") {
  AppDesk desk;
  desk.store().mark_expiry("demo", 1);
  desk.lease(::getppid());
  CHECK(desk.run({"gc", "--yes"}) == 3);
  CHECK(desk.out.starts_with("demo: skipped: in use by anna@" + host() + ", pid "));
  CHECK(desk.store().deployment("demo")->nodes.size() == 2);
}
