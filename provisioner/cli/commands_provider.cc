// provider create, list, show, delete; commands_provider_test.cc has test.
#include <nlohmann/json.hpp>
#include <ostream>

#include "provisioner/base/text.h"
#include "provisioner/cli/app.h"
#include "provisioner/cli/exit_codes.h"
#include "provisioner/cli/find_record.h"
#include "provisioner/cli/provider_input.h"
#include "provisioner/engine/named_providers.h"
#include "provisioner/report/table.h"

namespace muster {

namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kNotShown = "(secret)";

Json to_json(const ProviderRecord& provider, const std::vector<std::string>& secrets,
             const std::vector<std::string>& users) {
  Json hidden = Json::object();
  for (const auto& name : secrets) hidden[name] = kNotShown;
  return {{"id", provider.id},
          {"name", provider.name},
          {"kind", provider.kind},
          {"description", provider.description},
          {"hints", Json::parse(provider.hints)},
          {"secrets", hidden},
          {"deployments", users},
          {"created_ms", provider.created_ms}};
}

std::string describe(const ProviderRecord& provider) {
  return "provider '" + provider.name + "' (id " + std::to_string(provider.id) + ")";
}

bool is_same(Store& store, const ProviderRecord& known, const ProviderInput& wanted) {
  const auto& record = wanted.record;
  // As values: their keys may come in another order.
  if (known.kind != record.kind || known.description != record.description ||
      nlohmann::json::parse(known.hints) != nlohmann::json::parse(record.hints)) {
    return false;
  }
  const auto scope = provider_scope(known.name);
  return store.secret_keys(scope).size() == wanted.secrets.size() &&
         std::ranges::all_of(wanted.secrets, [&](const auto& one) {
           auto kept = store.secret(scope, one.first);
           return kept && kept->reveal() == one.second.reveal();
         });
}

}  // namespace

int App::provider() {
  const auto& command = options_.command;
  if (command == "provider create") return provider_create();
  if (command == "provider list") return provider_list();
  if (command == "provider test") return provider_test();
  const auto known = store().providers();
  const auto& word = options_.arguments.front();
  const auto kinds = providers().names();
  bool built_in = std::find(kinds.begin(), kinds.end(), word) != kinds.end();
  if (built_in && find_record(known, word) == nullptr) {
    throw Error("the provider '" + word + "' is built in", ExitCode::usage)
        .hint("it needs no record; see docs/providers.md");
  }
  const auto& found = need_record(known, word, "provider");
  if (command == "provider delete") return provider_delete(found);
  print_provider(found);
  return kDone;
}

int App::provider_create() {
  const auto kinds = providers().names();
  auto input = parse_provider(read_json_argument(options_.arguments.front()), kinds);
  if (!report(input.diagnostics)) return kUsage;
  bool known = false;
  ProviderRecord made;
  store().together([&] {
    const auto all = store().providers();
    known =
        std::ranges::any_of(all, [&](const auto& one) { return one.name == input.record.name; });
    const auto scope = provider_scope(input.record.name);
    if (!known) {
      for (const auto& [name, secret] : input.secrets) store().put_secret(scope, name, secret);
    }
    made = store().create_provider(input.record);
  });
  if (!is_same(store(), made, input)) {
    throw Error("there is a provider '" + made.name + "' already, and it says something else",
                ExitCode::usage)
        .hint("see it: muster provider show " + made.name +
              "; to make it anew, delete it first: muster provider delete " + made.name);
  }
  // The kind says what is wrong with hints, and why it could not work here and now.
  give_names(providers(), store());
  for (const auto& objection : providers().get(made.name).validate(made.hints)) {
    talk_ << "muster: apply cannot create nodes with it here: " << objection << "\n";
  }
  if (options_.output == "json") {
    print_provider(made);
  } else {
    talk_ << "muster: " << describe(made) << (known ? " is there already" : " is made") << "\n";
  }
  return kDone;
}

int App::provider_list() {
  const auto known = store().providers();
  if (options_.output == "json") {
    const auto deployments = store().deployments();
    Json all = Json::array();
    for (const auto& one : known) {
      all.push_back(to_json(one, store().secret_keys(provider_scope(one.name)),
                            users_of_provider(deployments, rules(), one.name)));
    }
    out_ << all.dump(2) << "\n";
    return kDone;
  }
  std::vector<std::vector<std::string>> rows;
  for (const auto& one : known) {
    rows.push_back({std::to_string(one.id), one.name, one.kind, first_line(one.description)});
  }
  for (const auto& kind : providers().names()) rows.push_back({"", kind, kind, "(built in)"});
  out_ << render_table({"ID", "NAME", "KIND", "DESCRIPTION"}, rows);
  return kDone;
}

void App::print_provider(const ProviderRecord& provider) {
  const auto secrets = store().secret_keys(provider_scope(provider.name));
  const auto users = users_of_provider(store().deployments(), rules(), provider.name);
  if (options_.output == "json") {
    out_ << to_json(provider, secrets, users).dump(2) << "\n";
    return;
  }
  out_ << describe(provider) << ", of kind " << provider.kind << "\n";
  if (!provider.description.empty()) out_ << "  " << provider.description << "\n";
  out_ << "  hints:       " << provider.hints << "\n";
  for (const auto& name : secrets) out_ << "  secret:      " << name << " " << kNotShown << "\n";
  out_ << "  deployments: " << (users.empty() ? "none" : join(users, ", ")) << "\n";
}

int App::provider_delete(const ProviderRecord& provider) {
  store().together([&] {
    // Another process may have begun one since we looked.
    auto users = users_of_provider(store().deployments(), rules(), provider.name);
    if (!users.empty()) {
      throw Error("provider '" + provider.name + "' is in use by: " + join(users, ", "),
                  ExitCode::usage)
          .hint("destroy them first, or apply them with another one: muster destroy " +
                join(users, " "));
    }
    store().forget_provider(provider.name);
  });
  talk_ << "muster: " << describe(provider) << " is deleted\n";
  return kDone;
}

}  // namespace muster
