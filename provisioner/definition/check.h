#pragma once

#include <cstdint>
#include <filesystem>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "provisioner/definition/cidr.h"
#include "provisioner/definition/component_flags.h"
#include "provisioner/definition/config_fields.h"
#include "provisioner/definition/definition.h"
#include "provisioner/definition/keys.h"
#include "provisioner/definition/names.h"
#include "provisioner/definition/overrides.h"

namespace muster {

/// "put it in quotes: ..." or "remove the quotes", where that makes `got` of a wanted kind.
std::string quotes_hint(const std::vector<Value::Kind>& wanted, const Value& got);

/// Turns the tree of a definition into a Definition and collects all that is wrong with it. Its
/// parts are spread over check_*.cc, by what they look at.
class Checker {
 public:
  Checker(const Overrides& overrides, const DefinitionRules& rules, Diagnostics& diagnostics)
      : overrides_(overrides), rules_(rules), diagnostics_(diagnostics) {}

  /// Puts the overrides, and the files that the definition names, into its tree. True when there
  /// are any.
  bool complete(Value& root);
  /// Of a tree that is complete.
  Definition check(const Value& root);
  /// Of the definition's own file, once it was checked.
  void warn_of_readers(const std::filesystem::path& file);
  bool plannable() const { return plannable_; }

 private:
  // Reports. A flaw is an error beside which a plan can still be shown.
  void error(Position at, std::string message, std::string hint = "");
  void flaw(Position at, std::string message, std::string hint = "");
  void warn(Position at, std::string message, std::string hint = "");
  void report(Severity severity, Position at, std::string message, std::string hint);
  void name_error(const NameProblem& problem, Position at, const std::string& what);

  // Objects by their tables (check_keys.cc).
  void check_keys(const Value& object, std::span<const KeyRule> rules);
  void check_key(const Value::Member& member, const KeyRule& rule);
  /// The member, when it is there and of a kind that its rule allows.
  const Value* get(const Value& object, std::span<const KeyRule> rules, std::string_view key) const;
  /// The strings of a list; others are reported.
  std::vector<const Value*> strings(const Value& list, const std::string& key);

  // The top level (check_top.cc).
  void read_names(const Value& root);
  void read_tenant(const Value& root);
  void read_tenant_number(const Value& id);
  void read_membership(const Value& root);
  void read_public_keys(const Value& keys);
  void read_role_apply_order(const Value& order);
  void read_programs(const Value& root);

  // check_provider.cc
  void read_provider(const Value& root);
  std::optional<ProviderChoice> block_provider(const Value& block);
  ProviderChoice provider_of(const Value& provider);
  void check_provider_name(const Value& name);
  /// Of the user's own, or nullptr.
  const NamedProvider* named_provider(const std::string& name) const;
  std::vector<std::string> provider_names() const;

  // check_attribs.cc
  std::vector<Value::Member> read_attribs(const Value& attribs, bool cluster_wide);
  bool check_attrib(const Value::Member& member, bool cluster_wide);
  /// A record means what was the default when it was made.
  void take_defaults();
  bool check_attrib_kind(const Value::Member& member, Value::Kind kind);
  void check_attrib_text(const Value::Member& member);
  void check_version(const Value& value);
  void check_network(const Value::Member& member);
  /// Whether the value is one of the choices.
  bool check_choice(const Value::Member& member);
  void check_network_plugin(const Value& value);

  // check_secrets.cc
  /// Where an object of a definition has a secret: "KEY", "KEY_file" or "KEY_env".
  struct SecretKey {
    std::string name;  ///< among the definition's secrets
    std::string key;
    std::string what;  ///< "the password of the registry 'docker.io'"
    bool required;
  };
  void read_secret(const Value& object, std::span<const KeyRule> rules, const SecretKey& key);
  void read_clear_secret(const std::string& name, const std::string& what, const Value& value);
  void read_secret_file(const SecretKey& key, const Value& file);
  void add_secret(const std::string& name, DefinitionSecret secret);

  // check_registries.cc
  void read_registries(const Value& registries);
  Registry read_registry(const std::string& host, const Value& value);
  bool check_mirror(const Value& mirror);
  std::string certificates(const Value& pem);
  void read_proxy(const Value& proxy);

  // check_components.cc
  std::string minor() const;  ///< of the release, "v1.37"
  bool check_component(const Value::Member& member, std::span<const std::string> known);
  void read_extra_args(const Value& args);
  /// `known` may be nullptr: nobody knows the release's flags.
  void read_flag(const std::string& component, const Value::Member& flag,
                 const ComponentFlags* known);
  bool check_flag_name(const std::string& component, const Value::Member& flag,
                       const ComponentFlags* known);
  void check_flag_value(const std::string& name, const Value& value, const ComponentFlags& known);
  void check_gate(Position at, const std::string& gate, const ComponentFlags& known);
  void read_extra_config(const Value& config);
  void check_config(const Value::Member& config);
  /// A field of `object`, whose own path and a dot are `prefix`.
  void check_config_field(const std::string& component, const std::string& prefix,
                          const ConfigField& object, const Value::Member& field);
  void check_config_value(const std::string& component, const std::string& path,
                          const ConfigField& known, const Value& value);

  // check_api_server.cc
  void read_audit(const Value& audit);
  void read_audit_policy(const Value& policy);
  void check_url(const Value& value, const std::string& what,
                 std::initializer_list<std::string_view> schemes);
  void read_authentication(const Value& authentication);
  Value read_issuer(const Value& item);
  Value read_required_claims(const Value& claims);
  Value read_mappings(const Value& item);
  Value read_mapping(const Value& mapping, const std::string& what);

  // check_nodes.cc
  void read_nodes(const Value& root);
  NodeBlock read_block(const Value& block);
  void read_id(const Value& id);
  void read_hosts(const Value& list, NodeBlock& block);
  void read_count(const Value& block, NodeBlock& read);
  void read_roles(const Value& list, NodeBlock& block);
  void check_role(const Value& role);
  void read_labels(const Value& labels, NodeBlock& block);
  void read_taints(const Value& taints, NodeBlock& block);
  void check_node_names(const Value& nodes);
  void check_host_names(const Value& nodes);

  // What holds between the parts (check_cluster.cc).
  void check_cluster(const Value& root);
  void check_members(Position nodes);
  void check_networks();
  void check_ports();
  void check_order(const Value& root);
  /// The definition's own value of an attrib, or a value made of the fallback at no place.
  Value attrib(const std::string& name) const;
  std::optional<Cidr> network(const std::string& attrib_name) const;
  std::int64_t nodes_with(const std::string& role) const;
  std::int64_t node_count() const;

  const Overrides& overrides_;
  const DefinitionRules& rules_;
  Diagnostics& diagnostics_;
  Definition definition_;
  bool plannable_ = true;
  bool bad_roles_ = false;  ///< some role is unknown, so counting members makes no sense
  std::size_t reported_ = 0;
  /// The first secret that the definition itself has: what it is, and where.
  std::optional<std::pair<std::string, Position>> clear_secret_;
};

}  // namespace muster
