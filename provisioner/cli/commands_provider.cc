// provider create, list, show, delete.
#include <nlohmann/json.hpp>
#include <ostream>

#include "provisioner/base/text.h"
#include "provisioner/cli/context.h"
#include "provisioner/cli/exit_codes.h"
#include "provisioner/cli/find_record.h"
#include "provisioner/cli/provider_input.h"
#include "provisioner/operations/named_providers.h"
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

struct ProviderOptions {
  std::string name;  ///< or its id
  std::string json;
  std::string output;
};

ProviderRecord recorded_provider(Context& context, const std::string& word) {
  const auto known = context.store().providers();
  const auto kinds = context.providers().names();
  bool built_in = std::ranges::find(kinds, word) != kinds.end();
  if (built_in && find_record(known, word) == nullptr) {
    throw Error("the provider '" + word + "' is built in", ExitCode::usage)
        .hint("it needs no record; see docs/providers.md");
  }
  return need_record(known, word, "provider");
}

void print_provider(Context& context, const ProviderRecord& provider, const std::string& output) {
  const auto secrets = context.store().secret_keys(provider_scope(provider.name));
  const auto users =
      users_of_provider(context.store().deployments(), context.rules(), provider.name);
  if (output == "json") {
    context.out() << to_json(provider, secrets, users).dump(2) << "\n";
    return;
  }
  context.out() << describe(provider) << ", of kind " << provider.kind << "\n";
  if (!provider.description.empty()) context.out() << "  " << provider.description << "\n";
  context.out() << "  hints:       " << provider.hints << "\n";
  for (const auto& name : secrets)
    context.out() << "  secret:      " << name << " " << kNotShown << "\n";
  context.out() << "  deployments: " << (users.empty() ? "none" : join(users, ", ")) << "\n";
}

int run_provider_create(Context& context, const ProviderOptions& options) {
  const auto kinds = context.providers().names();
  auto input = parse_provider(read_json_argument(options.json), kinds);
  if (!context.report(input.diagnostics)) return kUsage;
  bool known = false;
  ProviderRecord made;
  context.store().together([&] {
    const auto all = context.store().providers();
    known =
        std::ranges::any_of(all, [&](const auto& one) { return one.name == input.record.name; });
    const auto scope = provider_scope(input.record.name);
    if (!known) {
      for (const auto& [name, secret] : input.secrets)
        context.store().put_secret(scope, name, secret);
    }
    made = context.store().create_provider(input.record);
  });
  if (!is_same(context.store(), made, input)) {
    throw Error("there is a provider '" + made.name + "' already, and it says something else",
                ExitCode::usage)
        .hint("see it: muster provider show " + made.name +
              "; to make it anew, delete it first: muster provider delete " + made.name);
  }
  // The kind says what is wrong with hints, and why it could not work here and now.
  give_names(context.providers(), context.store());
  for (const auto& objection : context.providers().get(made.name).validate(made.hints)) {
    context.talk() << "muster: apply cannot create nodes with it here: " << objection << "\n";
  }
  if (options.output == "json") {
    print_provider(context, made, options.output);
  } else {
    context.talk() << "muster: " << describe(made) << (known ? " is there already" : " is made")
                   << "\n";
  }
  return kDone;
}

int run_provider_list(Context& context, const ProviderOptions& options) {
  const auto known = context.store().providers();
  if (options.output == "json") {
    const auto deployments = context.store().deployments();
    Json all = Json::array();
    for (const auto& one : known) {
      all.push_back(to_json(one, context.store().secret_keys(provider_scope(one.name)),
                            users_of_provider(deployments, context.rules(), one.name)));
    }
    context.out() << all.dump(2) << "\n";
    return kDone;
  }
  std::vector<std::vector<std::string>> rows;
  for (const auto& one : known) {
    rows.push_back({std::to_string(one.id), one.name, one.kind, first_line(one.description)});
  }
  for (const auto& kind : context.providers().names())
    rows.push_back({"", kind, kind, "(built in)"});
  context.out() << render_table({"ID", "NAME", "KIND", "DESCRIPTION"}, rows);
  return kDone;
}

int run_provider_show(Context& context, const ProviderOptions& options) {
  print_provider(context, recorded_provider(context, options.name), options.output);
  return kDone;
}

int run_provider_delete(Context& context, const ProviderOptions& options) {
  const auto provider = recorded_provider(context, options.name);
  context.store().together([&] {
    // Another process may have begun one since we looked.
    auto users = users_of_provider(context.store().deployments(), context.rules(), provider.name);
    if (!users.empty()) {
      throw Error("provider '" + provider.name + "' is in use by: " + join(users, ", "),
                  ExitCode::usage)
          .hint("destroy them first, or apply them with another one: muster destroy " +
                join(users, " "));
    }
    context.store().forget_provider(provider.name);
  });
  context.talk() << "muster: " << describe(provider) << " is deleted\n";
  return kDone;
}

}  // namespace

void add_provider_commands(Table& table) {
  table.group(Group::records, 1);
  auto name = [](auto& command) {
    return argument("NAME", "its name, or its id", WordKind::text, command->name);
  };
  auto create = table.command("provider create", "make a provider of JSON", run_provider_create);
  create.takes(json_argument(create->json), output_option({"json"}, create->output))
      .example("provider create '{\"name\":\"lab\",\"kind\":\"local\"}'");
  auto list = table.command("provider list", "all providers", run_provider_list);
  list.takes(output_option({"json"}, list->output));
  auto show = table.command("provider show", "one provider", run_provider_show);
  show.takes(name(show), output_option({"json"}, show->output));
  auto remove =
      table.command("provider delete", "forget a provider that is not in use", run_provider_delete);
  remove.takes(name(remove));
}

}  // namespace muster
