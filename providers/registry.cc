#include <string_view>
#include <utility>

#include "providers/exec/exec.h"
#include "providers/inventory/inventory.h"
#include "providers/local/local.h"
#include "providers/provider.h"
#include "provisioner/base/error.h"
#include "provisioner/base/text.h"

namespace muster {

namespace {
constexpr std::string_view kRebarSuffix = "-provider";
constexpr const char* kExec = "exec";
}  // namespace

ProviderRegistry::ProviderRegistry(ProviderEnvironment environment)
    : environment_(std::move(environment)) {
  ExecSettings none;  // it is given a program with a name of its own
  none.name = kExec;
  built_[kExec] = std::make_unique<ExecProvider>(std::move(none));
  built_["local"] = std::make_unique<LocalProvider>(default_local_root(), environment_.cache,
                                                    environment_.offline);
  built_["inventory"] =
      std::make_unique<InventoryProvider>(default_inventory_root(), environment_.claims);
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

void ProviderRegistry::give(const GivenProvider& provider) {
  given_[provider.name] = provider.kind;
  own_.erase(provider.name);
  if (provider.kind != kExec) return;
  own_[provider.name] = std::make_unique<ExecProvider>(exec_settings(provider));
}

Provider* ProviderRegistry::find(const std::string& name) {
  auto own = own_.find(name);
  if (own != own_.end()) return own->second.get();
  auto found = built_.find(kind_of(name));
  return found == built_.end() ? nullptr : found->second.get();
}

Provider& ProviderRegistry::get(const std::string& name) {
  if (auto* found = find(name)) return *found;
  auto known = names();
  for (const auto& [own, of_kind] : given_) known.push_back(own);
  auto near = nearest(kind_of(name), known);
  throw Error("there is no provider '" + name + "'; known: " + join(known, ", "), ExitCode::usage)
      .hint(near ? "did you mean '" + *near + "'?"
                 : "name another one in the definition, or with --provider local");
}

std::string ProviderRegistry::kind_of(const std::string& name) const {
  auto given = given_.find(name);
  auto kind = given == given_.end() ? name : given->second;
  if (kind.ends_with(kRebarSuffix)) kind.resize(kind.size() - kRebarSuffix.size());
  return kind;
}

}  // namespace muster
