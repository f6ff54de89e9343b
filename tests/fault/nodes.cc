// For the scripts of this folder: asks the provider `local` itself.
// Usage: fault_nodes compare DEPLOYMENT     exits 1 and says how it differs from what is on record
//        fault_nodes power HANDLE on|off    as `muster power`, also while a run holds the
//        deployment
#include <iostream>

#include "providers/provider.h"
#include "provisioner/base/error.h"
#include "provisioner/base/files.h"
#include "tests/fault/comparison.h"

using namespace muster;

namespace {

int compare(const std::string& deployment) {
  auto difference = testing::compare(deployment);
  for (const auto& node : difference.leaks) std::cout << "leak: nobody knows of " << node << "\n";
  for (const auto& node : difference.lost) std::cout << "lost: there is no " << node << "\n";
  return difference.leaks.empty() && difference.lost.empty() ? 0 : 1;
}

int power(const std::string& handle, const std::string& wanted) {
  ProviderRegistry({default_cache_directory()}).get("local").set_power(handle, wanted == "on");
  return 0;
}

int destroy(const std::string& handle) {
  ProviderRegistry({default_cache_directory()}).get("local").destroy(handle);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  std::vector<std::string> words(argv + 1, argv + argc);
  try {
    if (words.size() == 2 && words[0] == "compare") return compare(words[1]);
    if (words.size() == 3 && words[0] == "power") return power(words[1], words[2]);
    if (words.size() == 2 && words[0] == "destroy") return destroy(words[1]);
    std::cerr << "usage: fault_nodes compare DEPLOYMENT | power HANDLE on|off | destroy HANDLE\n";
    return 2;
  } catch (const Error& error) {
    std::cerr << error.what() << "\n";
    return 1;
  }
}
