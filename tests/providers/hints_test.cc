#include "providers/local/hints.h"

#include <doctest/doctest.h>

#include "providers/local/image.h"

using namespace muster;

namespace {

std::vector<std::string> mistakes_in(const std::string& json) {
  std::vector<std::string> mistakes;
  parse_local_hints(json, mistakes);
  return mistakes;
}

using Texts = std::vector<std::string>;

}  // namespace

TEST_CASE("hints: all are read") {
  Texts mistakes;
  auto hints = parse_local_hints(
      R"({"cpus": 1.5, "memory_mb": 2048, "internet": false, "network": "10.77.0.0/16"})",
      mistakes);
  CHECK(mistakes == Texts{});
  CHECK(hints.cpus == 1.5);
  CHECK(hints.memory_mb == 2048);
  CHECK_FALSE(hints.internet);
  REQUIRE(hints.network);
  CHECK(to_text(*hints.network) == "10.77.0.0/16");
}

TEST_CASE("hints: none are needed") {
  for (const char* json : {"", "{}"}) {
    Texts mistakes;
    auto hints = parse_local_hints(json, mistakes);
    CHECK(mistakes == Texts{});
    CHECK(hints.cpus == 0);
    CHECK(hints.memory_mb == 0);
    CHECK(hints.internet);
    CHECK_FALSE(hints.network);
  }
}

TEST_CASE("hints: a name that is near a hint is suggested, any other gets the list") {
  CHECK(mistakes_in(R"({"cpu": 2})") ==
        Texts{"provider 'local' has no hint 'cpu'; did you mean 'cpus'?"});
  CHECK(mistakes_in(R"({"memory-mb": 512})") ==
        Texts{"provider 'local' has no hint 'memory-mb'; did you mean 'memory_mb'?"});
  CHECK(
      mistakes_in(R"({"colour": "red"})") ==
      Texts{
          "provider 'local' has no hint 'colour'; it has cpus, memory_mb, network, internet, os"});
}

TEST_CASE("hints: a cloud's hint is passed over") {
  CHECK(mistakes_in(R"({"zone": "us-central1-a", "flavor": "m1.large", "image": "debian",
                        "machine_type": "n1-standard-4", "security_groups": ["a"]})") == Texts{});
}

TEST_CASE("hints: a node has Debian 12, or what 'os' says") {
  auto os_of = [](const std::string& json) {
    std::vector<std::string> mistakes;
    auto os = parse_local_hints(json, mistakes).os;
    CHECK(mistakes.empty());
    return os;
  };
  CHECK(os_of("{}") == "debian-12");
  CHECK(os_of(R"({"os": "debian-12"})") == "debian-12");
  CHECK(os_of(R"({"os": "debian-13"})") == "debian-13");
  // As Digital Rebar's clouds name them.
  CHECK(os_of(R"({"os": "ubuntu_16_04"})") == "debian-12");
  CHECK(os_of(R"({"os": {"debian-13": true}})") == "debian-12");
  CHECK(mistakes_in(R"({"os": "debian-11"})") ==
        Texts{"hint 'os' is \"debian-11\"; local nodes have one of debian-12, debian-13"});
}

TEST_CASE("hints: each system has an image of its own") {
  auto image = [](const std::string& os) { return node_image("/cache", os); };
  CHECK(node_systems() == Texts{"debian-12", "debian-13"});
  CHECK(image("debian-12").parent_path() == "/cache/images");
  CHECK(image("debian-12") != image("debian-13"));
}

TEST_CASE("hints: a value that cannot be is shown with what can") {
  const std::string cpus = "; give a number from 0.1 to 4096";
  CHECK(mistakes_in(R"({"cpus": "two"})") == Texts{"hint 'cpus' is \"two\"" + cpus});
  CHECK(mistakes_in(R"({"cpus": 0})") == Texts{"hint 'cpus' is 0" + cpus});
  CHECK(mistakes_in(R"({"cpus": -1.5})") == Texts{"hint 'cpus' is -1.5" + cpus});
  CHECK(mistakes_in(R"({"cpus": 5000})") == Texts{"hint 'cpus' is 5000" + cpus});

  const std::string memory = "; give a whole number, 128 or more";
  CHECK(mistakes_in(R"({"memory_mb": 127})") == Texts{"hint 'memory_mb' is 127" + memory});
  CHECK(mistakes_in(R"({"memory_mb": 512.5})") == Texts{"hint 'memory_mb' is 512.5" + memory});
  CHECK(mistakes_in(R"({"memory_mb": "2G"})") == Texts{"hint 'memory_mb' is \"2G\"" + memory});

  CHECK(mistakes_in(R"({"internet": "no"})") ==
        Texts{"hint 'internet' is \"no\"; give true or false"});

  const std::string network = "; give an IPv4 range from /8 to /29 such as \"10.213.0.0/16\"";
  for (const char* value : {"\"10.0.0.0/7\"", "\"10.0.0.0/30\"", "\"10.0.0.1/24\"", "\"ten\"", "10",
                            "null", "\"10.0.0.0\""}) {
    CHECK(mistakes_in(R"({"network": )" + std::string(value) + "}") ==
          Texts{"hint 'network' is " + std::string(value) + network});
  }
}

TEST_CASE("hints: every mistake is told in one go") {
  CHECK(mistakes_in(R"({"cpus": 0, "internet": 1, "memory": 1})").size() == 3);
}

TEST_CASE("hints: what is no JSON object is refused") {
  for (const char* json : {"[]", "7", "{", "\"cpus\""}) {
    CHECK(mistakes_in(json) == Texts{"the hints of provider 'local' are no JSON object"});
  }
}
