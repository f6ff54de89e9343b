#include <string_view>
#include <utility>

#include "providers/local/local.h"
#include "providers/provider.h"
#include "provisioner/base/error.h"
#include "provisioner/base/text.h"

namespace muster {

namespace {
constexpr std::string_view kRebarSuffix = "-provider";
}

ProviderRegistry::ProviderRegistry(ProviderEnvironment environment)
    : environment_(std::move(environment)) {
  built_["local"] = std::make_unique<LocalProvider>(default_local_root(), environment_.cache);
}

ProviderRegistry::~ProviderRegistry() = default;

std::vector<std::string> ProviderRegistry::names() const {
  std::vector<std::string> names;
  for (const auto& [name, provider] : built_) names.push_back(name);
  return names;
}

void ProviderRegistry::put(const std::string& name, std::unique_ptr<Provider> provider) {
  built_[name] = std::move(provider);
}

Provider& ProviderRegistry::get(const std::string& name) {
  auto kind = name;
  if (kind.ends_with(kRebarSuffix)) kind.resize(kind.size() - kRebarSuffix.size());
  if (auto found = built_.find(kind); found != built_.end()) return *found->second;
  auto known = names();
  auto near = nearest(kind, known);
  throw Error("there is no provider '" + name + "'; known: " + join(known, ", "), ExitCode::usage)
      .hint(near ? "did you mean '" + *near + "'?"
                 : "name another one in the definition, or with --provider local");
}

}  // namespace muster
