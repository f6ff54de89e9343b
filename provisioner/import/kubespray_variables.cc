#include "provisioner/import/kubespray_variables.h"

#include <algorithm>
#include <string>

#include "provisioner/base/text.h"

namespace muster {

namespace {

/// How much of `name` the rule tells; 0: it is another one.
std::size_t fit(std::string_view rule, std::string_view name) {
  auto star = rule.find('*');
  if (star == std::string_view::npos) return rule == name ? name.size() + 1 : 0;
  auto before = rule.substr(0, star);
  auto after = rule.substr(star + 1);
  bool fits = name.size() + 1 >= rule.size() && name.starts_with(before) && name.ends_with(after);
  return fits ? rule.size() : 0;
}

}  // namespace

const VariableRule* find_kubespray_variable(std::string_view name) {
  const VariableRule* best = nullptr;
  std::size_t most = 0;
  for (const auto& rule : kubespray_variables()) {
    auto fits = fit(rule.name, name);
    if (fits <= most) continue;
    most = fits;
    best = &rule;
  }
  return best;
}

bool is_harmless(const VariableRule& rule, std::string_view value) {
  auto words = split(rule.harmless, '|');
  return *rule.harmless != '\0' && std::find(words.begin(), words.end(), value) != words.end();
}

}  // namespace muster
