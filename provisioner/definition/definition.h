#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "provisioner/base/diagnostics.h"
#include "provisioner/definition/program_settings.h"
#include "provisioner/definition/role.h"
#include "provisioner/definition/value.h"

namespace muster {

struct ProviderChoice {
  std::string name;  ///< as written, e.g. "google-provider", "local"
  std::string kind;  ///< what it is: "google", "local"; empty: as the name says
  Value defaults;    ///< hints of the provider's own, below all others; an object, or null
  Value hints;       ///< an object, or null
  Position at;
};

/// What makes the nodes of `choice`.
std::string kind_of(const ProviderChoice& choice);

/// One entry of "nodes": `count` alike nodes.
struct NodeBlock {
  Position at;
  std::optional<std::string> existing;   ///< "id" when it names a host; negative ids mean "create"
  std::string prefix;                    ///< empty: derived from the deployment's name
  std::vector<std::string> roles;        ///< as written, without what roles need
  std::vector<Position> role_positions;  ///< one for each of `roles`
  int count = 1;
  std::vector<std::string> hosts;        ///< existing machines to be these nodes; empty: whichever
  std::vector<Position> host_positions;  ///< one for each of `hosts`
  std::optional<ProviderChoice> provider;
  std::vector<Value::Member> attribs;
  std::map<std::string, std::string> labels;
  std::vector<std::string> taints;  ///< "key=value:Effect"
};

/// Attribs that a definition leaves out, with what they were by default when it was read: what it
/// says for as long as it is on record.
using AttribDefaults = std::map<std::string, std::string>;

/// What the user wrote, checked, positions kept; nothing is expanded or resolved yet.
/// Made by read_definition.
struct Definition {
  std::string name;
  std::string tenant;  ///< "default" when absent
  std::string description;
  bool commit = true;
  std::string tld;  ///< "<name>.cloud" when absent
  std::vector<Value::Member> attribs;
  AttribDefaults defaults;
  std::map<std::string, std::string> public_keys;  ///< key name -> "ssh-ed25519 AAAA..."
  ProviderChoice provider;
  std::vector<NodeBlock> nodes;
  std::vector<std::string> role_apply_order;
  std::string classroom;     ///< the classroom that the deployment belongs to; may be empty
  std::string student;       ///< whose it is there
  std::string api_endpoint;  ///< host or host:port that users reach the API by; may be empty
  ProgramSettings programs;
  DefinitionSecrets secrets;
};

/// `--set a.b=c`, `--provider P` and `--name-suffix S`, applied to the parsed text before it is
/// checked.
struct Overrides {
  std::vector<std::string> set;  ///< "attribs.k8s-version=v1.37.2"
  std::optional<std::string> provider;
  std::optional<std::string> name_suffix = {};  ///< as_name_part() of what was given

  bool empty() const { return set.empty() && !provider && !name_suffix; }
};

/// A provider that a user created: a definition may name it as it names a kind.
struct NamedProvider {
  std::string name;
  std::string kind;
  std::string hints;  ///< JSON object text: what a definition's own hints are put over
};

/// What the checks need to know of the world outside the file.
struct DefinitionRules {
  std::span<const Role> roles;
  /// Kinds of providers that this muster can use.
  std::vector<std::string> providers;
  std::vector<NamedProvider> named = {};
  /// Tenants by their ids; none when no state is known.
  std::map<std::int64_t, std::string> tenants = {};
  /// "2026-11-30", for what ends on a day; empty: nothing does.
  std::string today = {};
  /// Whether every certificate in a PEM text can be read; not asked when nobody can tell.
  bool (*are_certificates)(const std::string& pem) = nullptr;
  /// The text is one that was recorded: its files are in it, and the state has its secrets.
  bool recorded = false;
  /// Of the muster that recorded it; none: today's.
  AttribDefaults defaults = {};
};

/// A definition is read whole or with mistakes; `diagnostics` may hold warnings in either case.
struct DefinitionResult {
  Definition definition;
  Diagnostics diagnostics;
  /// The file as it was, for the record, without a byte order mark and with secrets crossed out;
  /// with overrides, or files that it names: the definition that they make of it, as JSON.
  std::string text;
  /// False when the mistakes leave no cluster to plan (syntax, no nodes, no name, bad types, ...);
  /// true when a plan can still be shown beside the mistakes (an old version, an unavailable
  /// network plugin, a provider that cannot create nodes yet).
  bool plannable = false;
};

/// Called so in place of a file: a definition that is a word of the command line.
inline constexpr char kJsonWord[] = "JSON";

/// Reads the file ("-" is stdin): at most 8 MiB. Never throws for what the user wrote.
DefinitionResult read_definition(const std::filesystem::path& file, const Overrides& overrides,
                                 const DefinitionRules& rules);
DefinitionResult parse_definition(const std::string& file, std::string text,
                                  const Overrides& overrides, const DefinitionRules& rules);

/// One that the state recorded: what it named when it was read is not asked again.
DefinitionResult parse_recorded_definition(const std::string& file, std::string text,
                                           AttribDefaults defaults, DefinitionRules rules);

/// Whether two texts with their defaults say the same; what one of them does not know counts as
/// the other's.
bool same_definition(const std::string& text, const AttribDefaults& defaults,
                     const std::string& other_text, const AttribDefaults& other_defaults);

/// The JSON Schema (draft 7) of a definition, as `muster schema` prints it.
std::string definition_schema();

}  // namespace muster
