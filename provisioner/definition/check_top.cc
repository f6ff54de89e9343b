#include <algorithm>

#include "provisioner/base/text.h"
#include "provisioner/definition/check.h"
#include "provisioner/definition/definition_files.h"

namespace muster {

bool Checker::complete(Value& root) {
  apply_overrides(root, overrides_,
                  [this](Position at, std::string problem) { error(at, std::move(problem)); });
  bool files =
      !rules_.recorded && take_in_files(root, diagnostics_.file(),
                                        [this](Position at, std::string problem, std::string hint) {
                                          error(at, std::move(problem), std::move(hint));
                                        });
  return files || !overrides_.empty();
}

Definition Checker::check(const Value& root) {
  if (!root.is_object()) {
    error(root.at, "a definition must be an object, not " + describe(root.kind));
    return definition_;
  }
  check_keys(root, top_keys());
  read_names(root);
  read_tenant(root);
  read_membership(root);
  if (const auto* attribs = get(root, top_keys(), "attribs")) {
    definition_.attribs = read_attribs(*attribs, true);
  }
  take_defaults();
  if (const auto* keys = get(root, top_keys(), "public_keys")) read_public_keys(*keys);
  if (const auto* profiles = get(root, top_keys(), "profiles")) strings(*profiles, "profiles");
  read_programs(root);
  read_provider(root);
  read_nodes(root);
  if (const auto* order = get(root, top_keys(), "role_apply_order")) read_role_apply_order(*order);
  check_cluster(root);
  return std::move(definition_);
}

void Checker::read_names(const Value& root) {
  if (const auto* name = get(root, top_keys(), "name")) {
    definition_.name = name->text;
    name_error(check_label(name->text), name->at, "the name " + shown(name->text));
  } else if (root.find("name") == nullptr) {
    error(root.at, "the definition has no \"name\"", "add one, e.g. \"name\": \"cluster01\"");
  }
  if (const auto* text = get(root, top_keys(), "description")) definition_.description = text->text;
  if (const auto* commit = get(root, top_keys(), "commit")) definition_.commit = commit->boolean;
  definition_.tld = definition_.name + ".cloud";
  if (const auto* tld = get(root, top_keys(), "tld")) {
    definition_.tld = tld->text;
    name_error(check_domain(tld->text), tld->at, "the tld " + shown(tld->text));
  }
  if (const auto* endpoint = get(root, top_keys(), "api_endpoint")) {
    definition_.api_endpoint = endpoint->text;
    name_error(check_endpoint(endpoint->text), endpoint->at,
               "the api_endpoint " + shown(endpoint->text));
  }
}

void Checker::read_programs(const Value& root) {
  auto each = [&](const char* key, void (Checker::*read)(const Value&)) {
    if (const auto* value = get(root, top_keys(), key)) (this->*read)(*value);
  };
  each("registries", &Checker::read_registries);
  each("proxy", &Checker::read_proxy);
  each("extra_args", &Checker::read_extra_args);
  each("extra_config", &Checker::read_extra_config);
  each("audit", &Checker::read_audit);
  each("authentication", &Checker::read_authentication);
}

void Checker::read_membership(const Value& root) {
  if (const auto* classroom = get(root, top_keys(), "classroom")) {
    definition_.classroom = classroom->text;
    name_error(check_label(classroom->text), classroom->at,
               "the classroom " + shown(classroom->text));
  }
  if (const auto* student = get(root, top_keys(), "student")) {
    definition_.student = student->text;
    name_error(check_label(student->text), student->at, "the student " + shown(student->text));
  }
}

void Checker::read_tenant(const Value& root) {
  definition_.tenant = "default";
  const auto* tenant = get(root, top_keys(), "tenant");
  if (const auto* id = get(root, top_keys(), "tenant_id")) {
    bool number = id->text.find_first_not_of("0123456789-") == std::string::npos;
    if (tenant != nullptr) {
      warn(id->at, "'tenant_id' has no effect beside 'tenant'");
    } else if (number && !rules_.tenants.empty()) {
      read_tenant_number(*id);
    } else if (number) {
      warn(id->at, "'tenant_id' " + id->text + " has no effect: tenants have names, not numbers",
           "name the tenant: \"tenant\": \"...\"");
    } else {
      tenant = id;
    }
  }
  if (tenant == nullptr) return;
  definition_.tenant = tenant->text;
  name_error(check_label(tenant->text), tenant->at, "the tenant " + shown(tenant->text));
}

void Checker::read_tenant_number(const Value& id) {
  auto found = std::find_if(rules_.tenants.begin(), rules_.tenants.end(), [&](const auto& known) {
    return std::to_string(known.first) == id.text;
  });
  if (found != rules_.tenants.end()) {
    definition_.tenant = found->second;
  } else {
    flaw(id.at, "there is no tenant " + id.text,
         "see: muster tenant list; or name it, it is made when missing: \"tenant\": \"...\"");
  }
}

void Checker::read_public_keys(const Value& keys) {
  for (const auto& [name, at, value] : keys.members) {
    if (!value.is_string()) {
      error(value.at,
            "the public key " + shown(name) + " must be a string, not " + describe(value.kind));
      continue;
    }
    auto problem = check_public_key(value.text);
    // The line of a private key is not shown.
    auto place = value.text.find("PRIVATE KEY") == std::string::npos ? value.at : Position{};
    if (problem) flaw(place, "the public key " + shown(name) + " " + problem.message, problem.hint);
    definition_.public_keys[name] = value.text;
  }
}

void Checker::read_role_apply_order(const Value& order) {
  for (const auto* role : strings(order, "role_apply_order")) {
    check_role(*role);
    auto& listed = definition_.role_apply_order;
    if (std::find(listed.begin(), listed.end(), role->text) != listed.end()) {
      error(role->at, "the role " + shown(role->text) + " comes twice in 'role_apply_order'");
      continue;
    }
    listed.push_back(role->text);
  }
}

}  // namespace muster
