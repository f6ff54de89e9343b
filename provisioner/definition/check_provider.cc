#include <algorithm>
#include <array>

#include "provisioner/base/text.h"
#include "provisioner/definition/check.h"

namespace muster {

namespace {

constexpr std::array<std::string_view, 7> kDigitalRebarKinds = {
    "google", "aws", "openstack", "packet", "metal", "docean", "debug"};

}  // namespace

std::string kind_of(const ProviderChoice& choice) {
  return choice.kind.empty() ? provider_kind(choice.name) : choice.kind;
}

const NamedProvider* Checker::named_provider(const std::string& name) const {
  auto found = std::find_if(rules_.named.begin(), rules_.named.end(),
                            [&](const NamedProvider& named) { return named.name == name; });
  return found == rules_.named.end() ? nullptr : &*found;
}

std::vector<std::string> Checker::provider_names() const {
  auto names = rules_.providers;
  for (const auto& named : rules_.named) names.push_back(named.name);
  return names;
}

void Checker::check_provider_name(const Value& name) {
  if (named_provider(name.text) != nullptr) return;
  auto usable = [&](const std::string& candidate) {
    return std::find(rules_.providers.begin(), rules_.providers.end(), candidate) !=
           rules_.providers.end();
  };
  auto kind = provider_kind(name.text);
  if (usable(name.text) || usable(kind)) return;
  bool known = std::find(kDigitalRebarKinds.begin(), kDigitalRebarKinds.end(), kind) !=
               kDigitalRebarKinds.end();
  if (known) {
    flaw(name.at, "provider '" + name.text + "' cannot create nodes in this version",
         usable("local") ? "use --provider local to run on this machine" : "");
    return;
  }
  auto names = provider_names();
  auto near = nearest(name.text, names);
  error(name.at, "unknown provider " + shown(name.text),
        near ? "did you mean '" + *near + "'?" : "the providers are: " + join(names, ", "));
}

ProviderChoice Checker::provider_of(const Value& provider) {
  check_keys(provider, provider_keys());
  ProviderChoice choice;
  choice.at = provider.at;
  if (const auto* name = get(provider, provider_keys(), "name")) {
    choice.name = name->text;
    choice.at = name->at;
    check_provider_name(*name);
    if (const auto* named = named_provider(name->text)) {
      Diagnostics none;  // it was checked when it was created
      choice.kind = named->kind;
      choice.defaults = parse_value(named->hints, false, none);
    }
  }
  if (const auto* hints = get(provider, provider_keys(), "hints")) choice.hints = *hints;
  return choice;
}

void Checker::read_provider(const Value& root) {
  const auto* provider = get(root, top_keys(), "provider");
  if (provider == nullptr) {
    definition_.provider.name = "local";
    return;
  }
  definition_.provider = provider_of(*provider);
  if (provider->find("name") == nullptr) {
    error(provider->at, "the provider has no \"name\"",
          "the providers are: " + join(provider_names(), ", "));
  }
}

std::optional<ProviderChoice> Checker::block_provider(const Value& block) {
  const auto* provider = get(block, node_keys(), "provider");
  const auto* hints = get(block, node_keys(), "hints");
  if (provider == nullptr && hints == nullptr) return std::nullopt;
  ProviderChoice choice;
  choice.at = hints == nullptr ? Position{} : hints->at;
  if (provider != nullptr) choice = provider_of(*provider);
  if (choice.name.empty()) {
    choice.name = definition_.provider.name;
    choice.kind = definition_.provider.kind;
    choice.defaults = definition_.provider.defaults;
  }
  if (hints == nullptr) return choice;
  choice.hints.kind = Value::Kind::object;
  for (const auto& member : hints->members) {
    std::erase_if(choice.hints.members,
                  [&](const Value::Member& earlier) { return earlier.key == member.key; });
    choice.hints.members.push_back(member);
  }
  return choice;
}

}  // namespace muster
