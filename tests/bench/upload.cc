// For tests/bench/upload.sh: copies a file into a node's store as a run does, then says how long
// it took from the first packet on. Usage: upload ADDRESS PORT KEY HOST_KEY FILE
#include <pwd.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <iostream>

#include "provisioner/base/files.h"
#include "provisioner/base/sha256.h"
#include "provisioner/base/text.h"
#include "provisioner/run/node_link.h"

using namespace muster;

int main(int argc, char** argv) try {
  if (argc != 6) {
    std::cerr << "usage: upload ADDRESS PORT KEY HOST_KEY FILE\n";
    return 2;
  }
  Endpoint endpoint;
  endpoint.address = argv[1];
  endpoint.port = std::stoi(argv[2]);
  endpoint.user = ::getpwuid(::geteuid())->pw_name;
  auto words = split(trim(read_file(argv[4])), ' ');
  endpoint.host_key = words.at(0) + " " + words.at(1);
  SshOptions options;
  options.private_key = Secret(read_file(argv[3]));
  Artifact artifact;
  artifact.name = "file";
  artifact.file = argv[5];
  artifact.sha256 = sha256_of_file(artifact.file);  // as the cache knows it

  auto began = std::chrono::steady_clock::now();
  RunResources resources;
  NodeLinks links({options, "bench", &resources, {}});
  links.to("node", endpoint).provide(artifact);
  std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
  std::printf("%.3f\n", took.count());
  return 0;
} catch (const std::exception& error) {
  std::cerr << "upload: " << error.what() << "\n";
  return 1;
}
