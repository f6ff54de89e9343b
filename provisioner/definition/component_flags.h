#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace muster {

/// The flags of one program of a release, as the program itself shows them (roles/flags).
class ComponentFlags {
 public:
  /// Nothing when there is no list for the minor release ("v1.37") or it lacks the component.
  static std::optional<ComponentFlags> of(const std::string& minor, const std::string& component);

  struct Flag {
    std::string kind;  ///< of its value: "string", "int32", "bool", ...
    std::string note;  ///< "ignored", "deprecated": the configuration file takes its place
  };

  /// nullptr: there is no such flag.
  const Flag* find(const std::string& name) const;
  std::vector<std::string> names() const;
  /// Feature gates of the release; none for etcd.
  const std::vector<std::string>& gates() const { return gates_; }

 private:
  std::map<std::string, Flag> flags_;  ///< by name, without dashes
  std::vector<std::string> gates_;
};

/// What is wrong with `value` for a flag that takes `kind`: "a whole number"; empty: nothing is.
std::string wanted_instead(const std::string& kind, const std::string& value);

/// The flags that muster's own unit of the component sets.
std::vector<std::string> own_flags(const std::string& component);

/// Where a flag or a configuration field that muster sets is set instead; empty: nowhere.
std::string set_instead(std::string_view name);

/// Whether a definition may give a flag that muster sets too: the last one counts, or both do.
bool may_be_given_again(std::string_view flag);

/// The fields at the top of muster's own configuration file of the component ("kubelet",
/// "kube-proxy") that a definition may not set.
std::vector<std::string> own_fields(const std::string& component);

/// Whether the flag would take the place of what muster writes into that file.
bool stands_in_own_file(const std::string& component, std::string_view flag);

}  // namespace muster
