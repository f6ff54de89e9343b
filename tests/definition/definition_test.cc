#include "provisioner/definition/definition.h"

#include <doctest/doctest.h>

#include "tests/definition/support.h"

using namespace muster;
using testing::definition;
using testing::mistakes;
using testing::parse;
using testing::role;

namespace {

const std::string kKey =
    "ssh-ed25519 "
    "AAAAC3NzaC1lZDI1NTE5AAAAIH3GdgYaJWrAK6C7xkP/GPJCk0euDa7l/gsXgzDh7Hmb student@cluster01";

std::string with_key(const std::string& key) {
  return mistakes(definition("\"public_keys\": {\"me\": \"" + key + "\"},"));
}

std::string with_name(const std::string& name) {
  return mistakes("{\"name\": \"" + name +
                  "\", \"nodes\": [{\"roles\": [\"etcd\", \"k8s-master\"], "
                  "\"prefix\": \"a\"}]}");
}

/// The mistakes of a definition whose only block of nodes has `more` members.
std::string with_node(const std::string& more) {
  return mistakes(definition("", "[{\"roles\": [\"etcd\", \"k8s-master\"], " + more + "}]"));
}

constexpr const char* kPaste =
    " (paste the whole line of a .pub file, e.g. ~/.ssh/id_ed25519.pub)\n";

}  // namespace

TEST_CASE("definition: a small one is read, with its defaults") {
  auto result = parse(definition());
  CHECK(mistakes(result.diagnostics) == "");
  CHECK(result.plannable);
  const auto& read = result.definition;
  CHECK(read.name == "demo");
  CHECK(read.tenant == "default");
  CHECK(read.commit);
  CHECK(read.tld == "demo.cloud");
  CHECK(read.provider.name == "local");
  REQUIRE(read.nodes.size() == 1);
  CHECK(read.nodes[0].count == 1);
  CHECK(read.nodes[0].roles == std::vector<std::string>{"etcd", "k8s-master"});
}

TEST_CASE("definition: every key is read") {
  auto result = parse(definition(
      "\"tenant\": \"blue\", \"description\": \"d\", \"commit\": false, \"tld\": \"x.org\",\n"
      "\"api_endpoint\": \"api.x.org:443\", \"public_keys\": {\"me\": \"" +
          kKey +
          "\"},\n"
          "\"provider\": {\"name\": \"local\", \"hints\": {\"memory\": 1, \"cpus\": 2}},\n"
          "\"role_apply_order\": [\"etcd\", \"k8s-worker\"],",
      R"([{"id": -1, "roles": ["etcd", "k8s-master"], "prefix": "c", "count": 3,
           "hints": {"cpus": 4}, "labels": {"a.b/c": "d"}, "taints": ["k=v:NoSchedule"]}])"));
  CHECK(mistakes(result.diagnostics) == "");
  const auto& read = result.definition;
  CHECK(read.tenant == "blue");
  CHECK(read.description == "d");
  CHECK_FALSE(read.commit);
  CHECK(read.tld == "x.org");
  CHECK(read.api_endpoint == "api.x.org:443");
  CHECK(read.public_keys.at("me") == kKey);
  CHECK(to_json(read.provider.hints) == R"({"memory":1,"cpus":2})");
  CHECK(read.role_apply_order == std::vector<std::string>{"etcd", "k8s-worker"});
  const auto& block = read.nodes.at(0);
  CHECK(block.prefix == "c");
  CHECK(block.count == 3);
  CHECK(block.provider->name == "local");
  CHECK(to_json(block.provider->hints) == R"({"cpus":4})");
  CHECK(block.labels.at("a.b/c") == "d");
  CHECK(block.taints == std::vector<std::string>{"k=v:NoSchedule"});
}

TEST_CASE("definition: all mistakes are reported in one go") {
  auto result = parse(
      "{\n"
      "  \"nmae\": \"demo\",\n"
      "  \"tenant\": 7,\n"
      "  \"attribs\": {\"k8s-dns_mod\": \"none\"},\n"
      "  \"nodes\": [\n"
      "    {\"roles\": [\"ectd\"], \"cuont\": 3},\n"
      "    {\"roles\": [\"k8s-master\"], \"count\": 0}\n"
      "  ]\n"
      "}\n");
  CHECK(result.diagnostics.render() ==
        "demo.json:1:1: error: the definition has no \"name\"\n"
        "  {\n"
        "  ^\n"
        "  add one, e.g. \"name\": \"cluster01\"\n"
        "demo.json:2:3: error: unknown key 'nmae'\n"
        "    \"nmae\": \"demo\",\n"
        "    ^\n"
        "  did you mean 'name'?\n"
        "demo.json:3:13: error: 'tenant' must be a string, not a whole number\n"
        "    \"tenant\": 7,\n"
        "              ^\n"
        "  put it in quotes: \"7\"\n"
        "demo.json:4:15: error: unknown attrib 'k8s-dns_mod'\n"
        "    \"attribs\": {\"k8s-dns_mod\": \"none\"},\n"
        "                ^\n"
        "  did you mean 'k8s-dns_mode'?\n"
        "demo.json:6:16: error: unknown role 'ectd'\n"
        "      {\"roles\": [\"ectd\"], \"cuont\": 3},\n"
        "                 ^\n"
        "  did you mean 'etcd'?\n"
        "demo.json:6:25: error: unknown key 'cuont'\n"
        "      {\"roles\": [\"ectd\"], \"cuont\": 3},\n"
        "                          ^\n"
        "  did you mean 'count'?\n"
        "demo.json:7:40: error: 'count' is 0, outside 1 to 20000\n"
        "      {\"roles\": [\"k8s-master\"], \"count\": 0}\n"
        "                                         ^\n"
        "  without nodes, remove the whole block\n");
  CHECK_FALSE(result.plannable);
}

TEST_CASE("definition: text that is no definition is said to be none") {
  CHECK(mistakes("[1]") == "error 1:1: a definition must be an object, not a list\n");
  CHECK(mistakes("\"x\"") == "error 1:1: a definition must be an object, not a string\n");
  CHECK(mistakes("hello") ==
        "error 1:1: this is not JSON: a definition begins with '{' "
        "(a definition in YAML needs a file named *.yaml)\n");
  CHECK(mistakes("{\"name\": \"demo\"}") ==
        "error 1:1: the definition has no nodes "
        "(add \"nodes\": [{\"roles\": [\"etcd\", \"k8s-master\"]}, ...])\n");
  CHECK(mistakes(definition("", "[]")) ==
        "error 3:10: the definition has no nodes "
        "(add \"nodes\": [{\"roles\": [\"etcd\", \"k8s-master\"]}, ...])\n");
}

TEST_CASE("definition: a missing brace leaves nothing to plan") {
  auto result =
      parse("{\n  \"name\": \"demo\",\n  \"nodes\": [\n    {\"roles\": [\"etcd\"]}\n  ]\n");
  CHECK(mistakes(result.diagnostics) ==
        "error 1:1: the '{' opened here is never closed (add the missing '}')\n");
  CHECK_FALSE(result.plannable);
}

TEST_CASE("definition: beside curly quotes the other mistakes are still found") {
  CHECK(mistakes("{“name”: “demo”, “nodes”: [{“rolse”: [“etcd”]}]}") ==
        "error 1:2: curly quotes, as pasted from a web page (use straight \" quotes)\n"
        "error 1:43: unknown key 'rolse' (did you mean 'roles'?)\n"
        "error 1:40: these nodes have no \"roles\" (add them, e.g. \"roles\": [\"k8s-worker\"])\n");
}

TEST_CASE("definition: wrong types are named") {
  CHECK(mistakes("{\"name\": 1, \"nodes\": {}, \"attribs\": [], \"commit\": \"true\", "
                 "\"public_keys\": \"x\", \"provider\": \"local\", \"role_apply_order\": \"x\"}") ==
        "error 1:10: 'name' must be a string, not a whole number (put it in quotes: \"1\")\n"
        "error 1:22: 'nodes' must be a list, not an object\n"
        "error 1:37: 'attribs' must be an object, not a list\n"
        "error 1:51: 'commit' must be true or false, not a string (remove the quotes)\n"
        "error 1:74: 'public_keys' must be an object, not a string\n"
        "error 1:91: 'provider' must be an object, not a string (write {\"name\": \"local\"})\n"
        "error 1:120: 'role_apply_order' must be a list, not a string "
        "(put it in brackets: [\"x\"])\n");
  CHECK(with_node("\"count\": 2.5") ==
        "error 3:54: 'count' must be a whole number, not a number\n");
}

TEST_CASE("definition: what this version lacks is refused, not ignored") {
  CHECK(mistakes(definition("\"hooks\": {},")) ==
        "error 1:2: 'hooks' is not available in this version (remove it)\n");
  CHECK(with_node("\"id\": \"web1\"") ==
        "error 3:51: existing hosts cannot be chosen by number ('id' 'web1') "
        "(remove 'id', and name them in \"hosts\" with the provider \"inventory\")\n");
  CHECK(with_node("\"id\": 4").find("by number ('id' '4')") != std::string::npos);
}

TEST_CASE("definition: Digital Rebar's keys without effect get a warning") {
  CHECK(mistakes(definition("\"system\": false, \"parent\": \"x\", \"profiles\": [],")) ==
        "warning 1:2: 'system' has no effect: muster needs no system deployment\n"
        "warning 1:19: 'parent' has no effect: deployments do not inherit from each other\n"
        "warning 1:34: 'profiles' has no effect: muster has no profiles, write their attribs "
        "out\n");
  CHECK(with_node("\"attribs\": {\"k8s-ndots\": 2}") ==
        "warning 3:45: 'attribs' has no effect: settings hold for the whole cluster, move them to "
        "the top level\n");
}

TEST_CASE("definition: tenant_id is a tenant's name, where it is no number") {
  auto named = parse(definition("\"tenant_id\": \"blue\","));
  CHECK(mistakes(named.diagnostics) == "");
  CHECK(named.definition.tenant == "blue");
  auto numbered = parse(definition("\"tenant_id\": 7,"));
  CHECK(mistakes(numbered.diagnostics) ==
        "warning 1:15: 'tenant_id' 7 has no effect: tenants have names, not numbers "
        "(name the tenant: \"tenant\": \"...\")\n");
  CHECK(numbered.definition.tenant == "default");
  auto both = parse(definition("\"tenant\": \"red\", \"tenant_id\": 7,"));
  CHECK(mistakes(both.diagnostics) == "warning 1:32: 'tenant_id' has no effect beside 'tenant'\n");
  CHECK(both.definition.tenant == "red");
}

TEST_CASE("definition: names are DNS labels") {
  const std::string rule =
      " must be lower case letters, digits and '-', with a letter or digit at both ends";
  CHECK(with_name("x; rm -rf $HOME") == "error 1:10: the name 'x; rm -rf $HOME'" + rule + "\n");
  CHECK(with_name("`id`") == "error 1:10: the name '`id`'" + rule + "\n");
  CHECK(with_name("-demo") == "error 1:10: the name '-demo'" + rule + "\n");
  CHECK(with_name("../demo") == "error 1:10: the name '../demo'" + rule + "\n");
  CHECK(with_name("Cluster01") ==
        "error 1:10: the name 'Cluster01'" + rule + " (use 'cluster01')\n");
  CHECK(with_name("clüster") == "error 1:10: the name 'clüster'" + rule + "\n");
  CHECK(with_name("a\\u001b[31mb") == "error 1:10: the name 'a?[31mb'" + rule + "\n");
  CHECK(with_name("") == "error 1:10: the name '' is empty\n");
  CHECK(with_name(std::string(300, 'a')) ==
        "error 1:10: the name '" + std::string(60, 'a') +
            "...' is 300 characters long (at most 63 are possible)\n");
  CHECK(with_name(std::string(63, 'a')) == "");
  CHECK(mistakes(definition("\"tenant\": \"$(id)\",")) ==
        "error 1:12: the tenant '$(id)'" + rule + "\n");
  CHECK(with_node("\"prefix\": \"a.b\"") ==
        "error 3:55: the prefix 'a.b'" + rule + " (use 'a-b')\n");
  CHECK(with_name("My_Cluster 1") ==
        "error 1:10: the name 'My_Cluster 1'" + rule + " (use 'my-cluster-1')\n");
  CHECK(mistakes(definition("\"tld\": \"a..b\",")) ==
        "error 1:9: the tld 'a..b' must be a domain such as 'cluster.local', in lower case\n");
  CHECK(mistakes(definition("\"api_endpoint\": \"a:99999\",")) ==
        "error 1:18: the api_endpoint 'a:99999' must be a host name or an IPv4 address, with :port "
        "where it is not the API's\n");
}

TEST_CASE("definition: the names of nodes fit a DNS label") {
  CHECK(with_node("\"prefix\": \"" + std::string(59, 'a') + "\"") == "");
  CHECK(with_node("\"prefix\": \"" + std::string(60, 'a') + "\"") ==
        "error 3:55: the node name '" + std::string(60, 'a') +
            "-001' would be 64 characters long, 63 are possible (use a shorter prefix)\n");
}

TEST_CASE("definition: two blocks cannot share a prefix, written or not") {
  CHECK(mistakes(definition("",
                            "[{\"roles\": [\"etcd\", \"k8s-master\"], \"prefix\": \"a\"},\n"
                            "{\"roles\": [\"k8s-worker\"], \"prefix\": \"a\"}]")) ==
        "error 4:37: the prefix 'a' is used twice (the block at 3:11 has it too; "
        "each block needs its own, or their nodes would share names)\n");
  CHECK(mistakes(definition("",
                            "[{\"roles\": [\"etcd\", \"k8s-master\"]},\n"
                            "{\"roles\": [\"k8s-worker\"], \"prefix\": \"demo-01\"}]")) ==
        "error 4:37: the prefix 'demo-01' is used twice (the block at 3:11 has it too; "
        "each block needs its own, or their nodes would share names)\n");
}

TEST_CASE("definition: a count has bounds, and so has the cluster") {
  CHECK(with_node("\"count\": 0") ==
        "error 3:54: 'count' is 0, outside 1 to 20000 (without nodes, remove the whole block)\n");
  CHECK(with_node("\"count\": -1") ==
        "error 3:54: 'count' is -1, outside 1 to 20000 (without nodes, remove the whole block)\n");
  CHECK(with_node("\"count\": 100000") ==
        "error 3:54: 'count' is 100000, outside 1 to 20000 "
        "(one deployment has no more nodes than that)\n");
  auto found = mistakes(definition(
      "\"attribs\": {\"k8s-kube_pod_subnet\": \"172.16.0.0/12\", \"k8s-kube_network_node_prefix\": "
      "28},",
      "[{\"roles\": [\"etcd\", \"k8s-master\"]}, {\"roles\": [\"k8s-worker\"], \"count\": "
      "20000}]"));
  CHECK(found == "error 3:10: the cluster has 20001 nodes; one deployment has up to 20000\n");
  found = mistakes(definition(
      "\"attribs\": {\"k8s-kube_pod_subnet\": \"172.16.0.0/12\", \"k8s-kube_network_node_prefix\": "
      "28},",
      "[{\"roles\": [\"etcd\", \"k8s-master\"]}, {\"roles\": [\"k8s-worker\"], \"count\": 5000}]"));
  CHECK(found == "warning 3:10: the cluster has 5001 nodes; Kubernetes supports up to 5000\n");
}

TEST_CASE("definition: roles are known, named once, and not those that come by themselves") {
  CHECK(mistakes(definition("", "[{\"roles\": [\"etcd\", \"k8s-masster\", \"etcd\"]}]")) ==
        "error 3:30: unknown role 'k8s-masster' (did you mean 'k8s-master'?)\n"
        "error 3:45: the role 'etcd' comes twice (remove one)\n");
  CHECK(mistakes(definition("", "[{\"roles\": [\"etcd\", \"k8s-master\", \"helm\"]}]")) ==
        "error 3:44: unknown role 'helm' "
        "(the roles are: etcd, k8s-master, k8s-worker, k8s-addons)\n");
  CHECK(mistakes(definition("", "[{\"roles\": [\"etcd\", \"k8s-master\", \"base\"]}]")) ==
        "error 3:44: the role 'base' is applied by itself where it is needed (remove it)\n");
  CHECK(mistakes(definition("", "[{\"roles\": []}]")) ==
        "error 3:21: these nodes have no roles (add some, e.g. \"roles\": [\"k8s-worker\"])\n");
}

TEST_CASE("definition: a cluster needs etcd and a master, and an odd number of members") {
  CHECK(mistakes(definition("", "[{\"roles\": [\"k8s-master\"]}]")) ==
        "error 3:10: no node has the role 'etcd' "
        "(a cluster needs both 'etcd' and 'k8s-master')\n");
  CHECK(mistakes(definition("", "[{\"roles\": [\"etcd\"]}]")) ==
        "error 3:10: no node has the role 'k8s-master' "
        "(a cluster needs both 'etcd' and 'k8s-master')\n");
  auto even = parse(definition("", "[{\"roles\": [\"k8s-master\", \"etcd\"], \"count\": 4}]"));
  CHECK(mistakes(even.diagnostics) ==
        "error 3:36: 4 etcd members: an even number survives no more failures than 3 "
        "(use 1, 3 or 5)\n");
  CHECK(even.plannable);
}

TEST_CASE("definition: networks must be networks") {
  auto with_pods = [](const std::string& text) {
    return mistakes(definition("\"attribs\": {\"k8s-kube_pod_subnet\": \"" + text + "\"},"));
  };
  CHECK(with_pods("10.9.0.0/16") == "");
  CHECK(with_pods("10.9.0.5/16") ==
        "error 1:37: 'k8s-kube_pod_subnet' 10.9.0.5/16 is an address inside a network "
        "(did you mean 10.9.0.0/16?)\n");
  for (std::string text : {"10.9.0.0", "10.9.0/16", "10.9.0.0/33", "10.9.0.256/16", "10.9.00.0/16",
                           "fd00::/64", "x", "", " 10.9.0.0/16", "10.9.0.0/16/2"}) {
    CAPTURE(text);
    CHECK(with_pods(text) == "error 1:37: 'k8s-kube_pod_subnet' '" + text +
                                 "' is no IPv4 network such as 10.233.0.0/18\n");
  }
  CHECK(with_pods("127.0.0.0/8") ==
        "error 1:37: 'k8s-kube_pod_subnet' 127.0.0.0/8 is no network that hosts can use "
        "(use a private one, e.g. 10.233.0.0/18)\n");
  CHECK(mistakes(definition("\"attribs\": {\"k8s-kube_service_addresses\": \"10.0.0.0/8\", "
                            "\"k8s-kube_pod_subnet\": \"172.16.0.0/16\"},")) ==
        "error 1:44: 'k8s-kube_service_addresses' 10.0.0.0/8 must be between /12 and /28\n");
}

TEST_CASE("definition: the pod and the Service network must not overlap") {
  auto result = parse(definition("\"attribs\": {\"k8s-kube_pod_subnet\": \"10.233.0.0/16\"},"));
  CHECK(mistakes(result.diagnostics) ==
        "error 1:37: the pod network 10.233.0.0/16 overlaps the Service network 10.233.0.0/18 "
        "(give one of them another range: k8s-kube_pod_subnet or k8s-kube_service_addresses)\n");
  CHECK(result.plannable);
  CHECK(
      mistakes(definition("\"attribs\": {\"k8s-kube_service_addresses\": \"10.233.64.0/20\"},")) ==
      "error 1:44: the pod network 10.233.64.0/18 overlaps the Service network "
      "10.233.64.0/20 "
      "(give one of them another range: k8s-kube_pod_subnet or k8s-kube_service_addresses)\n");
}

TEST_CASE("definition: the pod network has room for every node") {
  const std::string three = "[{\"roles\": [\"etcd\", \"k8s-master\"], \"count\": 3}]";
  CHECK(mistakes(definition("\"attribs\": {\"k8s-kube_pod_subnet\": \"10.9.0.0/23\"},", three)) ==
        "error 1:37: the pod network 10.9.0.0/23 is too small: with a /24 each it holds 2 of the 3 "
        "nodes (use a larger k8s-kube_pod_subnet or a longer k8s-kube_network_node_prefix)\n");
  CHECK(mistakes(definition("\"attribs\": {\"k8s-kube_pod_subnet\": \"10.9.0.0/25\"},")) ==
        "error 1:37: the pod network 10.9.0.0/25 is too small: with a /24 each it holds 0 of the 1 "
        "nodes (use a larger k8s-kube_pod_subnet or a longer k8s-kube_network_node_prefix)\n");
  CHECK(mistakes(definition("\"attribs\": {\"k8s-kube_network_node_prefix\": 9},")) ==
        "error 1:46: 'k8s-kube_network_node_prefix' is 9, outside 16 to 28\n");
}

TEST_CASE("definition: ports do not collide") {
  CHECK(mistakes(definition("\"attribs\": {\"k8s-kube_apiserver_port\": 2379},")) ==
        "error 1:41: 'k8s-kube_apiserver_port' cannot be 2379: etcd listens there\n");
  CHECK(mistakes(definition("\"attribs\": {\"k8s-nginx_kube_apiserver_port\": 6443},")) ==
        "warning 1:47: the balancer cannot use the API's own port 6443 on masters: it uses 7443\n");
}

TEST_CASE("definition: public keys are whole keys") {
  CHECK(with_key(kKey) == "");
  CHECK(with_key("ssh-rsa AAAAB..... user@example.com") ==
        std::string("error 1:24: the public key 'me' is a placeholder: its second word is not "
                    "valid base64") +
            kPaste);
  CHECK(with_key("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIH3GdgYaJWrAK6C7xkP/GPJCk0eu") ==
        std::string("error 1:24: the public key 'me' is damaged: its second word does not hold a "
                    "key of the type ssh-ed25519") +
            kPaste);
  CHECK(with_key("ssh-rsa AAAAC3NzaC1lZDI1NTE5AAAAIH3GdgYaJWrAK6C7xkP/GPJCk0euDa7l/gsXgzDh7Hmb") ==
        std::string("error 1:24: the public key 'me' is damaged: its second word does not hold a "
                    "key of the type ssh-rsa") +
            kPaste);
  CHECK(with_key("ssh-ed25519 AAAA!") ==
        std::string("error 1:24: the public key 'me' is damaged: its second word is not valid "
                    "base64") +
            kPaste);
  CHECK(with_key("hello") ==
        std::string("error 1:24: the public key 'me' is no SSH public key") + kPaste);
  CHECK(with_key("command=\\\"id\\\" " + kKey)
            .find("has the type 'command=\"id\"', which is none "
                  "of ssh-ed25519, ssh-rsa,") != std::string::npos);
  CHECK(with_key(kKey + "\\nssh-rsa x") ==
        std::string("error 1:24: the public key 'me' must be one line without control characters") +
            kPaste);
  CHECK(parse(definition("\"public_keys\": {\"me\": \"x y\"},")).plannable);
}

TEST_CASE("definition: every kind of key that OpenSSH makes is taken") {
  for (
      std::string key :
      {"ecdsa-sha2-nistp256 "
       "AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBEmKSENjQEezOmxkZMy7opKgwFB9nkt5YRrYMj"
       "NuG5N87uRgg6CLrbo5wAdT/y6v0mKV0U2w0WZ2YB/++Tpockg= a b",
       "ssh-rsa "
       "AAAAB3NzaC1yc2EAAAADAQABAAABAQCjXvXK62jXm5sQ/VxPAlo4iiqewqM86/DEkUN5JlWe2fvkgFpgp2Iklcvn0KW"
       "faclCx1E5W1REOaGDCtTAxR14u/nBBQyft5AEEzrg25R000nAxPu0PLW7Q2PCqAbqWGeui2RfUb5tLcJciIspb4mYHI"
       "htq9gVz+u4AfbJcW0XNZ/szcbTLiy3qWBf/8YEDocHhcMx23I1Oz0l/ArkWzCR2KdrrQe6deZ98Mo6XvUQsOYN7BK3b"
       "M8Q69DqzYYKUKC4d4scCwnFh9OXyWyGVFzJvXetG4rVc2RrIVivnHJeytrzepjSHuBHytaF5lpKkfnBih2MTD4EKHhi"
       "0vecQw7h"}) {
    CAPTURE(key);
    CHECK(with_key(key) == "");
  }
}

TEST_CASE("definition: a private key is refused and not shown") {
  auto result =
      parse(definition("\"public_keys\": {\"me\": \"-----BEGIN OPENSSH PRIVATE KEY-----"
                       "\\nb3BlbnNzaC1rZXk\"},"));
  CHECK(result.diagnostics.render() ==
        "demo.json: error: the public key 'me' is a private key\n"
        "  keep it to yourself; paste the whole line of a .pub file, e.g. ~/.ssh/id_ed25519.pub\n");
}

TEST_CASE("definition: providers of Digital Rebar are known, others are not") {
  auto with_provider = [](const std::string& name) {
    return parse(definition("\"provider\": {\"name\": \"" + name + "\"},"));
  };
  for (std::string name : {"google-provider", "aws-provider", "openstack", "packet", "metal"}) {
    auto result = with_provider(name);
    CHECK(mistakes(result.diagnostics) == "error 1:23: provider '" + name +
                                              "' cannot create nodes in this version "
                                              "(use --provider local to run on this machine)\n");
    CHECK(result.plannable);
  }
  CHECK(mistakes(with_provider("local-provider").diagnostics) == "");
  auto unknown = with_provider("lokal");
  CHECK(mistakes(unknown.diagnostics) ==
        "error 1:23: unknown provider 'lokal' (did you mean 'local'?)\n");
  CHECK_FALSE(unknown.plannable);
  CHECK(mistakes(with_provider("hetzner").diagnostics) ==
        "error 1:23: unknown provider 'hetzner' (the providers are: local)\n");
  CHECK(mistakes(definition("\"provider\": {},")) ==
        "error 1:14: the provider has no \"name\" (the providers are: local)\n");
  CHECK(with_node("\"provider\": {\"name\": \"aws\"}") ==
        "error 3:66: provider 'aws' cannot create nodes in this version "
        "(use --provider local to run on this machine)\n");
}

TEST_CASE("definition: labels and taints follow Kubernetes' rules") {
  CHECK(with_node("\"labels\": {\"a b\": \"c\"}") ==
        "error 3:56: the label 'a b' is no label name "
        "(letters, digits, '-', '_' and '.', at most 63, after an optional 'domain/')\n");
  CHECK(with_node("\"labels\": {\"a\": \"b,c=d\"}") ==
        "error 3:56: the label 'a' has a value that is no label value: 'b,c=d' "
        "(letters, digits, '-', '_' and '.', at most 63, a letter or digit at both ends)\n");
  CHECK(with_node("\"labels\": {\"a\": true}") ==
        "error 3:61: the label 'a' must be a string, not true or false\n");
  for (std::string key : {"kubernetes.io/x", "node-role.kubernetes.io/worker", "x.k8s.io/y"}) {
    CHECK(with_node("\"labels\": {\"" + key + "\": \"c\"}") ==
          "error 3:56: the label '" + key +
              "' belongs to Kubernetes itself: the kubelet refuses it "
              "(use a domain of your own, e.g. 'example.com/...')\n");
  }
  CHECK(with_node("\"labels\": {\"topology.kubernetes.io/zone\": \"a\", "
                  "\"node.kubernetes.io/x\": \"\", \"notkubernetes.io/x\": \"A.b_c-9\"}") == "");
  for (std::string taint : {"a=b", "a=b:Never", "=b:NoSchedule", "a b=c:NoSchedule", ":NoSchedule",
                            "a=b c:NoSchedule", "a=$(id):NoSchedule"}) {
    CHECK(with_node("\"taints\": [\"" + taint + "\"]") ==
          "error 3:56: the taint '" + taint +
              "' must be key=value:Effect "
              "(the effects are NoSchedule, PreferNoSchedule and NoExecute)\n");
  }
  CHECK(with_node("\"taints\": [\"a.b/c=d:NoExecute\", \"e:PreferNoSchedule\"]") == "");
  CHECK(with_node("\"taints\": [\"a:NoExecute\", \"a:NoExecute\"]") ==
        "error 3:71: the taint 'a:NoExecute' comes twice (remove one)\n");
  CHECK(
      with_node("\"taints\": [\"a=b:NoExecute\", \"a=c:NoExecute\"]") ==
      "error 3:73: the taint 'a=c:NoExecute' has the key and effect of 'a=b:NoExecute': a node can "
      "have only one of them (remove one)\n");
  CHECK(with_node("\"taints\": [\"a:NoExecute\", \"a=:NoExecute\"]") ==
        "error 3:71: the taint 'a=:NoExecute' has the key and effect of 'a:NoExecute': a node can "
        "have only one of them (remove one)\n");
  CHECK(with_node("\"taints\": [\"a=b:NoExecute\", \"a=b:NoSchedule\"]") == "");
}

TEST_CASE("definition: role_apply_order names known roles, once each") {
  CHECK(mistakes(definition("\"role_apply_order\": [\"etdc\", \"etcd\", \"etcd\"],")) ==
        "error 1:23: unknown role 'etdc' (did you mean 'etcd'?)\n"
        "error 1:39: the role 'etcd' comes twice in 'role_apply_order'\n");
}

TEST_CASE("definition: only the roles' own needs can make a cycle, role_apply_order gives way") {
  auto contrary = parse(definition("\"role_apply_order\": [\"k8s-master\", \"etcd\"],"));
  CHECK(mistakes(contrary.diagnostics) ==
        "warning 1:37: 'role_apply_order' lists 'etcd' after 'k8s-master', which waits for it: the "
        "roles' own order holds\n");
  CHECK(contrary.plannable);
  // Digital Rebar's own files list workers before masters.
  CHECK(mistakes(definition(
            "\"role_apply_order\": [\"etcd\", \"k8s-worker\", \"k8s-master\", \"k8s-addons\"],",
            R"([{"roles": ["etcd", "k8s-master", "k8s-addons"], "prefix": "a"},
                {"roles": ["k8s-worker"], "prefix": "b"}])")) == "");
  std::vector<Role> cyclic = {role("etcd", {"k8s-master"}), role("k8s-master", {"etcd"})};
  auto result = parse_definition("demo.json", definition(), {}, {cyclic, {"local"}});
  CHECK(mistakes(result.diagnostics) ==
        "error: the roles wait for each other: 'etcd' for 'k8s-master' for 'etcd' "
        "(change 'needs', 'after', 'after_one' or 'before' of one of them, in its role.yaml)\n");
}

TEST_CASE("definition: a file of garbage does not drown the reader") {
  std::string keys;
  for (int i = 0; i < 1000; ++i) keys += "\"key" + std::to_string(i) + "\": 1, ";
  auto result = parse(definition(keys));
  CHECK(result.diagnostics.items().size() == 101);
  CHECK(result.diagnostics.items().back().message ==
        "more than 100 mistakes: the others are not shown");
}

TEST_CASE("definition: what it leaves out means on record what it meant when it was read") {
  CHECK(parse(definition()).definition.defaults.at("k8s-version") == "v1.37.2");
  const AttribDefaults then = {{"k8s-version", "v1.36.3"}, {"k8s-log_level", "5"}};
  auto record = parse_recorded_definition("demo.json", definition(), then, testing::rules());
  CHECK(mistakes(record.diagnostics) == "");
  CHECK(record.text == definition());
  const auto& attribs = record.definition.attribs;
  REQUIRE(attribs.size() == 2);
  CHECK(attribs[0].key + " " + attrib_text(attribs[0].value) == "k8s-version v1.36.3");
  CHECK(attribs[1].key + " " + attrib_text(attribs[1].value) == "k8s-log_level 5");
  CHECK(record.definition.defaults.at("k8s-version") == "v1.36.3");

  auto said = R"("attribs": {"k8s-version": "v1.37.1", "k8s-log_level": 3},)";
  record = parse_recorded_definition("demo.json", definition(said), then, testing::rules());
  CHECK(record.definition.attribs.size() == 2);
  CHECK(attrib_text(record.definition.attribs[0].value) == "v1.37.1");
  CHECK(record.definition.defaults.count("k8s-version") == 0);
}

TEST_CASE("definition: two say the same when they mean the same by what they leave out") {
  const AttribDefaults one = {{"k8s-version", "v1.36.3"}, {"k8s-log_level", "2"}};
  const AttribDefaults other = {{"k8s-version", "v1.37.2"}, {"k8s-log_level", "2"}};
  CHECK(same_definition("a", one, "a", one));
  CHECK_FALSE(same_definition("a", one, "b", one));
  CHECK_FALSE(same_definition("a", one, "a", other));
  CHECK(same_definition("a", one, "a", {}));
  CHECK(same_definition("a", {}, "a", other));
  CHECK(same_definition("a", {{"k8s-log_level", "2"}}, "a", other));
}
