#include "inventory/hosts.h"

#include <doctest/doctest.h>

#include "inventory/address.h"
#include "provisioner/base/files.h"
#include "tests/support/folder.h"
#include "tests/support/user_home.h"

using namespace muster;

namespace {

constexpr const char* kHostKey =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIH3GdgYaJWrAK6C7xkP/GPJCk0euDa7l/gsXgzDh7Hmb";

std::string mistakes(const std::string& text) {
  return parse_hosts("hosts.yaml", text).diagnostics.render();
}

}  // namespace

TEST_CASE("hosts file: what is not said is port 22, root, and the user's own keys") {
  auto result = parse_hosts("hosts.yaml", "hosts:\n  - {name: a, address: 10.0.0.1}\n");
  CHECK(result.diagnostics.empty());
  REQUIRE(result.hosts.size() == 1);
  const auto& host = result.hosts[0];
  CHECK(host.name == "a");
  CHECK(host.endpoint.address == "10.0.0.1");
  CHECK(host.endpoint.port == 22);
  CHECK(host.endpoint.user == "root");
  CHECK(host.endpoint.identity == kUserIdentity);
  CHECK(host.endpoint.host_key.empty());
  CHECK(host.endpoint.bastion.empty());
}

TEST_CASE("hosts file: all that it can say is read") {
  TestFolder folder;
  write_file(folder / "id", "key");
  write_file(folder / "hosts.yaml", std::string(R"(hosts:
  - name: a
    address: fd00::1
    cluster_address: 10.0.0.1
    port: 2222
    user: admin
    key: id
    bastion: jump@gate.example
    host_key: )") + kHostKey + R"(
    labels: {example.com/rack: "7"}
  - {name: b, address: web.example, bastion: "jump@[fd00::2]:2200", key: )" +
                                        folder / "id" + "}\n");
  auto result = read_hosts(folder / "hosts.yaml");
  CHECK(result.diagnostics.render() == "");
  REQUIRE(result.hosts.size() == 2);
  const auto& host = result.hosts[0];
  CHECK(host.endpoint.address == "fd00::1");
  CHECK(host.endpoint.in_cluster() == "10.0.0.1");
  CHECK(host.endpoint.port == 2222);
  CHECK(host.endpoint.user == "admin");
  CHECK(host.endpoint.identity == folder / "id");
  CHECK(host.endpoint.bastion == "jump@gate.example:22");
  CHECK(host.endpoint.host_key == kHostKey);
  CHECK(host.labels.at("example.com/rack") == "7");
  CHECK(result.hosts[1].endpoint.bastion == "jump@[fd00::2]:2200");
  CHECK(result.hosts[1].endpoint.identity == folder / "id");
  CHECK(place_of(host.endpoint) == "[fd00::1]:2222");
  CHECK(place_of(result.hosts[1].endpoint) == "web.example:22");
}

TEST_CASE("hosts file: a key below the user's home") {
  UserHome home;
  home.write("id_web", "key");
  auto result =
      parse_hosts("/etc/hosts.yaml", "hosts: [{name: a, address: b, key: ~/.ssh/id_web}]");
  CHECK(result.diagnostics.render() == "");
  CHECK(result.hosts[0].endpoint.identity.ends_with("/.ssh/id_web"));
  CHECK(result.hosts[0].endpoint.identity.front() == '/');
}

TEST_CASE("hosts file: every mistake is told at once, with its place") {
  CHECK(
      mistakes(R"(hosts:
  - {name: A, address: 10.0.0.1}
  - {name: b, adress: 10.0.0.2}
  - {name: c, address: "root@10.0.0.3", port: 70000, user: "x y"}
  - name: d
    address: 10.0.0.4
    port: "22"
    key: /nowhere/id
    bastion: gate
    host_key: ssh-ed25519 AAAA
    labels: {rack: 7}
  - {name: d, address: 10.0.0.5}
  - {name: e, address: 10.0.0.4}
  - {name: f, address: 10.0.0.6, cluster_address: web.example}
  - just text
more: 1
)") ==
      R"(hosts.yaml:2:12: error: the host name 'A' must be lower case letters, digits and '-', with a letter or digit at both ends
    - {name: A, address: 10.0.0.1}
             ^
  use 'a'
hosts.yaml:3:5: error: this host has no "address"
    - {name: b, adress: 10.0.0.2}
      ^
  e.g. "hosts: [{name: web-1, address: 10.0.0.11}]"
hosts.yaml:3:15: error: a host has no 'adress'
    - {name: b, adress: 10.0.0.2}
                ^
  did you mean 'address'?
hosts.yaml:4:24: error: 'root@10.0.0.3' is no address
    - {name: c, address: "root@10.0.0.3", port: 70000, user: "x y"}
                         ^
  it is an IPv4 or IPv6 address or the name of a machine; its port goes in 'port', its user in 'user'
hosts.yaml:4:47: error: 'port' is 70000, outside 1 to 65535
    - {name: c, address: "root@10.0.0.3", port: 70000, user: "x y"}
                                                ^
hosts.yaml:4:60: error: the user 'x y' must be an account name: lower case letters, digits, '_' and '-', at most 32
    - {name: c, address: "root@10.0.0.3", port: 70000, user: "x y"}
                                                             ^
hosts.yaml:7:11: error: 'port' must be a whole number, not a string
      port: "22"
            ^
hosts.yaml:8:10: error: the private key '/nowhere/id' is no file that can be read
      key: /nowhere/id
           ^
  a relative path is looked for beside the hosts file
hosts.yaml:9:14: error: 'gate' is no bastion
      bastion: gate
               ^
  write user@host or user@host:port
hosts.yaml:10:15: error: the host key is damaged: its second word does not hold a key of the type ssh-ed25519
      host_key: ssh-ed25519 AAAA
                ^
  paste the whole line of a .pub file, e.g. ~/.ssh/id_ed25519.pub
hosts.yaml:11:20: error: the label 'rack' must be a string, not a whole number
      labels: {rack: 7}
                     ^
  put it in quotes: "7"
hosts.yaml:12:12: error: the host name 'd' comes twice
    - {name: d, address: 10.0.0.5}
             ^
  the first one is at 5:11
hosts.yaml:13:24: error: the address 10.0.0.4:22 comes twice
    - {name: e, address: 10.0.0.4}
                         ^
  the first one is at 6:14
hosts.yaml:14:51: error: 'web.example' is no IP address
    - {name: f, address: 10.0.0.6, cluster_address: web.example}
                                                    ^
  it is where the cluster's other nodes find the host
hosts.yaml:15:5: error: a host must be an object, not a string
    - just text
      ^
  e.g. "hosts: [{name: web-1, address: 10.0.0.11}]"
hosts.yaml:16:1: error: a hosts file has no 'more'
  more: 1
  ^
  it has hosts
)");
}

TEST_CASE("hosts file: an address that other nodes cannot find a host at is a mistake") {
  const std::vector<std::pair<std::string, std::string>> wrong{
      {"127.0.1.1", "is a loopback address"},
      {"0.0.0.0", "is the unspecified address"},
      {"224.0.0.1", "is a multicast address"},
      {"255.255.255.255", "is the broadcast address"},
      {"169.254.3.4", "is a link-local address"},
      {"250.1.1.1", "is a reserved address"},
      {"::1", "is a loopback address"},
      {"::", "is the unspecified address"},
      {"ff02::1", "is a multicast address"},
      {"fe80::1", "is a link-local address"},
      {"::ffff:10.0.0.1", "is an IPv4 address written as IPv6"}};
  for (const auto& [address, fault] : wrong) {
    const auto line = "hosts: [{name: a, address: b, cluster_address: \"" + address + "\"}]";
    CHECK(mistakes(line) == "hosts.yaml:1:48: error: the cluster_address " + address + " " + fault +
                                "\n  " + line + "\n" + std::string(49, ' ') +
                                "^\n  it is where the cluster's other nodes find the host\n");
  }
  for (const char* good : {"10.0.0.1", "198.51.100.7", "fd00::1", "2001:db8::1"}) {
    CHECK(address_fault(good) == "");
  }
}

TEST_CASE("hosts file: other nodes find each host at an address of its own") {
  CHECK(
      mistakes(R"(hosts:
  - {name: a, address: web-a, cluster_address: 10.0.0.1}
  - {name: b, address: web-b, cluster_address: 10.0.0.1}
  - {name: c, address: 10.0.0.1}
  - {name: d, address: 10.0.0.2, port: 2201}
  - {name: e, address: 10.0.0.2, port: 2202}
  - {name: f, address: web-f, cluster_address: 10.0.0.2}
  - {name: g, address: "fd00::1"}
  - {name: h, address: web-h, cluster_address: "fd00:0::1"}
  - {name: i, address: 10.0.0.9, cluster_address: 10.0.0.9}
)") ==
      R"(hosts.yaml:3:48: error: other nodes find another host at 10.0.0.1 already, the one at 2:48
    - {name: b, address: web-b, cluster_address: 10.0.0.1}
                                                 ^
  give each host a cluster_address of its own
hosts.yaml:4:24: error: other nodes find another host at 10.0.0.1 already, the one at 2:48
    - {name: c, address: 10.0.0.1}
                         ^
  give each host a cluster_address of its own
hosts.yaml:7:48: error: other nodes find another host at 10.0.0.2 already, the one at 5:24
    - {name: f, address: web-f, cluster_address: 10.0.0.2}
                                                 ^
  give each host a cluster_address of its own
hosts.yaml:9:48: error: other nodes find another host at fd00::1 already, the one at 8:24
    - {name: h, address: web-h, cluster_address: "fd00:0::1"}
                                                 ^
  give each host a cluster_address of its own
)");
}

TEST_CASE("hosts file: a host may say what its architecture is") {
  auto result = parse_hosts("hosts.yaml", "hosts: [{name: a, address: b, arch: arm64}]");
  CHECK(result.diagnostics.render() == "");
  CHECK(result.hosts[0].architecture == "arm64");
  CHECK(mistakes("hosts: [{name: a, address: b, arch: x86_64}]") ==
        "hosts.yaml:1:37: error: the architecture 'x86_64' is not one that muster installs on\n"
        "  hosts: [{name: a, address: b, arch: x86_64}]\n" +
            std::string(38, ' ') + "^\n  it is amd64 (x86_64) or arm64 (aarch64)\n");
}

TEST_CASE("hosts file: one that is none says so") {
  const std::string example = "  e.g. \"hosts: [{name: web-1, address: 10.0.0.11}]\"\n";
  CHECK(mistakes(" \n") == "hosts.yaml: error: the file is empty\n" + example);
  CHECK(mistakes("- a\n") ==
        "hosts.yaml:1:1: error: a hosts file is an object, not a list\n  - a\n  ^\n" + example);
  CHECK(mistakes("host: []\n") ==
        "hosts.yaml:1:1: error: the file has no \"hosts\"\n  host: []\n  ^\n" + example +
            "hosts.yaml:1:1: error: a hosts file has no 'host'\n  host: []\n  ^\n"
            "  did you mean 'hosts'?\n");
  CHECK(mistakes("hosts: {}\n") ==
        "hosts.yaml:1:8: error: 'hosts' must be a list, not an object\n  hosts: {}\n         ^\n" +
            example);
  CHECK(mistakes("hosts: [\n") ==
        "hosts.yaml:2:1: error: this is not YAML: end of sequence flow not found\n"
        "  look at its indentation, and at the line before it\n");
  CHECK(read_hosts("/nowhere/hosts.yaml").diagnostics.render() ==
        "/nowhere/hosts.yaml: error: cannot read '/nowhere/hosts.yaml': No such file or directory\n"
        "  \"file\" of the provider's hints names it, from where muster runs\n");
}

TEST_CASE("hosts file: a file of garbage gets a hundred mistakes, not ten thousand") {
  std::string text = "hosts:\n";
  for (int i = 0; i < 10'000; ++i) text += "  - x\n";
  auto items = parse_hosts("hosts.yaml", text).diagnostics.items();
  CHECK(items.size() == 101);
  CHECK(items.back().message == "more than 100 mistakes: the others are not shown");
}

TEST_CASE("hosts file: an address and a port make one place, in whatever case it is written") {
  auto result = parse_hosts("hosts.yaml",
                            "hosts: [{name: a, address: Web.Example}, {name: b, address: "
                            "web.example, port: 23}, {name: c, address: WEB.example}]");
  REQUIRE(result.diagnostics.items().size() == 1);
  CHECK(result.diagnostics.items()[0].message == "the address web.example:22 comes twice");
}

TEST_CASE("hosts file: place and capacity, and the labels that they become") {
  auto result = parse_hosts("hosts.yaml", R"(hosts:
  - {name: a, address: b, zone: z1, rack: r7, capacity: {cpus: 7.5, memory_mb: 16384, disk_gb: 500}}
  - {name: c, address: d, labels: {topology.kubernetes.io/zone: z2, disk: ssd}}
  - {name: e, address: f}
)");
  CHECK(result.diagnostics.render() == "");
  REQUIRE(result.hosts.size() == 3);
  const auto& told = result.hosts[0];
  CHECK(told.zone == "z1");
  CHECK(told.rack == "r7");
  CHECK(told.capacity.cpus == 7.5);
  CHECK(told.capacity.memory_mb == 16384);
  CHECK(told.capacity.disk_gb == 500);
  CHECK(told.labels == std::map<std::string, std::string>{{kZoneLabel, "z1"}, {kRackLabel, "r7"}});
  CHECK(result.hosts[1].zone == "z2");
  CHECK(result.hosts[1].labels ==
        std::map<std::string, std::string>{{kZoneLabel, "z2"}, {"disk", "ssd"}});
  CHECK(result.hosts[2].labels.empty());
  CHECK(result.hosts[2].capacity.cpus == 0);
  CHECK(result.hosts[2].file == "hosts.yaml");
}

TEST_CASE("hosts file: mistakes in place, capacity and fingerprint") {
  CHECK(mistakes(R"(hosts:
  - {name: a, address: a, zone: "a b", rack: 7, capacity: {cpu: 4, memory_mb: 0.5, disk_gb: -1}}
  - {name: b, address: b, zone: x, labels: {topology.kubernetes.io/zone: y}, capacity: much}
  - {name: c, address: c, host_key: "SHA256:short"}
)") == R"(hosts.yaml:2:33: error: 'zone' has a value that is no label value: 'a b'
    - {name: a, address: a, zone: "a b", rack: 7, capacity: {cpu: 4, memory_mb: 0.5, disk_gb: -1}}
                                  ^
  letters, digits, '-', '_' and '.', at most 63, a letter or digit at both ends
hosts.yaml:2:46: error: 'rack' must be a string, not a whole number
    - {name: a, address: a, zone: "a b", rack: 7, capacity: {cpu: 4, memory_mb: 0.5, disk_gb: -1}}
                                               ^
  put it in quotes: "7"
hosts.yaml:2:60: error: a capacity has no 'cpu'
    - {name: a, address: a, zone: "a b", rack: 7, capacity: {cpu: 4, memory_mb: 0.5, disk_gb: -1}}
                                                             ^
  did you mean 'cpus'?
hosts.yaml:2:79: error: 'memory_mb' must be a whole number, not a number
  : "a b", rack: 7, capacity: {cpu: 4, memory_mb: 0.5, disk_gb: -1}}
                                                  ^
hosts.yaml:2:93: error: 'disk_gb' must be more than 0
   7, capacity: {cpu: 4, memory_mb: 0.5, disk_gb: -1}}
                                                  ^
hosts.yaml:3:33: error: 'zone' is 'x', and the label 'topology.kubernetes.io/zone' says 'y'
    - {name: b, address: b, zone: x, labels: {topology.kubernetes.io/zone: y}, capacity: much}
                                  ^
  one of them is enough
hosts.yaml:3:88: error: 'capacity' must be an object, not a string
  ls: {topology.kubernetes.io/zone: y}, capacity: much}
                                                  ^
hosts.yaml:4:37: error: the host key 'SHA256:short' is no fingerprint
    - {name: c, address: c, host_key: "SHA256:short"}
                                      ^
  it is SHA256: and 43 characters; see it on the host: ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub
)");
}

TEST_CASE("hosts file: a host key can be told by its fingerprint, alone or as ssh-keygen has it") {
  const std::string print = "SHA256:nThbg6kXUpJWGl7E1IGOCspRomTxdCARLviKw6E5SY8";
  CHECK(parse_fingerprint(print) == print);
  CHECK(parse_fingerprint(print + "=") == print);
  CHECK(parse_fingerprint(" 256 " + print + " root@web (ED25519)\n") == print + " (ED25519)");
  CHECK(parse_fingerprint("3072 " + print + " no comment (RSA)") == print + " (RSA)");
  CHECK_FALSE(parse_fingerprint("256 MD5:16:27:ac:a5:76:28:2d:36:63:1b:56:4d:eb:df:a6:48"));
  CHECK_FALSE(parse_fingerprint(kHostKey));
  CHECK_FALSE(parse_fingerprint(print.substr(0, 49)));
  CHECK_FALSE(parse_fingerprint("SHA256:nThbg6kXUpJWGl7E1IGOCspRomTxdCARLviKw6E5S Y8"));
  auto result = parse_hosts("hosts.yaml", "hosts:\n  - {name: a, address: b, host_key: \"256 " +
                                              print + " x (ECDSA)\"}\n");
  CHECK(result.diagnostics.render() == "");
  CHECK(result.hosts.at(0).endpoint.host_key == print + " (ECDSA)");
  CHECK(is_fingerprint(result.hosts[0].endpoint.host_key));
  CHECK_FALSE(result.hosts[0].endpoint.has_key());
}

TEST_CASE("hosts file: an IPv6 address is one, however it is written, and keeps its scope") {
  auto place = [](const std::string& address) {
    Endpoint endpoint;
    endpoint.address = address;
    return place_of(endpoint);
  };
  CHECK(place("FD00:0:0::1") == "[fd00::1]:22");
  CHECK(place("fe80::0001%eth0") == "[fe80::1%eth0]:22");
  CHECK(place("10.0.0.1") == "10.0.0.1:22");
  CHECK(mistakes("hosts: [{name: a, address: fd00::1}, {name: b, address: 'fd00:0::1'}]")
            .find("the address [fd00::1]:22 comes twice") != std::string::npos);
}

TEST_CASE("hosts file: a folder is all of its files, and their mistakes are told together") {
  TestFolder folder;
  write_file(folder / "b.json", R"({"hosts": [{"name": "x", "address": "10.0.0.2"}]})");
  write_file(folder / "a.yml", "hosts: [{name: y, address: 10.0.0.1}]\n");
  write_file(folder / ".hidden.yaml", "nonsense");
  auto read = read_host_files(folder.path());
  CHECK(read.mistakes == "");
  REQUIRE(read.hosts.size() == 2);
  CHECK(read.hosts[0].name == "y");
  CHECK(read.hosts[1].file == folder / "b.json");
  write_file(folder / "c.yaml", "hosts: [{name: y, address: 10.0.0.2}, {name: Z, address: q}]\n");
  auto bad = read_host_files(folder.path()).mistakes;
  CHECK(bad.find("c.yaml:1:16: error: the host name 'y' comes twice") != std::string::npos);
  CHECK(bad.find("the first one is at " + (folder / "a.yml") + ":1:16") != std::string::npos);
  CHECK(bad.find("c.yaml:1:28: error: the address 10.0.0.2:22 comes twice") != std::string::npos);
  CHECK(bad.find("c.yaml:1:46: error: the host name 'Z'") != std::string::npos);
}
