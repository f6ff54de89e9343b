// Inventories in INI form, which is Ansible's own kind of it.
#include <charconv>

#include "provisioner/base/text.h"
#include "provisioner/definition/names.h"
#include "provisioner/import/ansible_inventory.h"
#include "provisioner/import/words.h"
#include "provisioner/import/yaml.h"

namespace muster {

namespace {

enum class Section { hosts, vars, children };

bool is_name(std::string_view text) {
  return !text.empty() && text.find_first_of(" \t[]{}=:\"'#,") == std::string_view::npos;
}

/// As Ansible takes what stands behind a '=': a Python literal where it is one, else text.
Value ini_value(const std::string& text) {
  if (text == "True" || text == "true") return Value::of(true);
  if (text == "False" || text == "false") return Value::of(false);
  if (text == "None") return {};
  std::int64_t number = 0;
  auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
  bool whole = !text.empty() && problem == std::errc{} && end == text.data() + text.size();
  if (whole && std::to_string(number) == text) return Value::of(number);
  bool is_template = text.starts_with("{{") || text.starts_with("{%");
  if ((text.starts_with('{') && !is_template) || text.starts_with('[')) {
    Diagnostics unused;
    auto value = read_ansible_yaml(text, unused);
    if (!unused.has_errors() && (value.is_object() || value.is_list())) return value;
  }
  return Value::of(text);
}

/// What a line of [group:vars] has behind its '=': one literal in quotes, a word before a comment,
/// or all of it.
Value var_value(const std::string& text) {
  bool quoted = text.size() > 1 && (text[0] == '"' || text[0] == '\'');
  auto close = quoted ? text.find(text[0], 1) : std::string::npos;
  auto comment = text.find('#', quoted && close != std::string::npos ? close : 0);
  auto rest = trim(text.substr(0, comment));
  if (close != std::string::npos && close + 1 == rest.size()) {
    return Value::of(rest.substr(1, rest.size() - 2));
  }
  auto literal = ini_value(rest);
  // Python takes a comment only behind what is a literal.
  return literal.is_string() ? Value::of(text) : literal;
}

class IniReader {
 public:
  IniReader(AnsibleInventory& inventory, Diagnostics& diagnostics)
      : inventory_(inventory), diagnostics_(diagnostics) {}

  void read(const std::string& line) {
    ++line_;
    auto text = trim(line);
    if (text.empty() || text[0] == '#' || text[0] == ';') return;
    column_ = static_cast<int>(line.find_first_not_of(" \t")) + 1;
    if (text[0] == '[') {
      begin_section(text);
    } else if (section_ == Section::hosts) {
      read_host(text);
    } else if (section_ == Section::vars) {
      read_var(text);
    } else {
      read_child(text);
    }
  }

 private:
  void error(const std::string& message, const std::string& hint) {
    diagnostics_.error({line_, column_}, message, hint);
  }

  void begin_section(const std::string& text) {
    auto close = text.find(']');
    auto rest = close == std::string::npos ? "" : trim(text.substr(close + 1));
    auto inside = close == std::string::npos ? "" : trim(text.substr(1, close - 1));
    auto colon = inside.find(':');
    auto kind = colon == std::string::npos ? "hosts" : inside.substr(colon + 1);
    group_ = inside.substr(0, colon);
    if (!is_name(group_) || (!rest.empty() && rest[0] != '#' && rest[0] != ';')) {
      error("this is no section", "write [group], [group:children] or [group:vars]");
      group_ = "ungrouped";
      kind = "hosts";
    }
    if (kind == "hosts") {
      section_ = Section::hosts;
    } else if (kind == "vars") {
      section_ = Section::vars;
    } else if (kind == "children") {
      section_ = Section::children;
    } else {
      error("there are no sections of the kind " + shown(kind),
            "write [group], [group:children] or [group:vars]");
    }
    inventory_.group(group_);
  }

  void read_host(const std::string& text) {
    auto words = split_words(text, true);
    if (!words || words->empty()) {
      error("a quote is not closed", "close it on the same line");
      return;
    }
    auto pattern = words->front();
    AnsibleVars vars;
    take_port(pattern, vars);
    for (std::size_t i = 1; i < words->size(); ++i) {
      const auto& word = (*words)[i];
      auto equals = word.find('=');
      if (equals == 0 || equals == std::string::npos) {
        error("a word behind the host is no variable",
              "write name=value, a value with blanks in quotes");
        return;
      }
      put(vars, word.substr(0, equals), ini_value(word.substr(equals + 1)));
    }
    auto expanded = expand_names(pattern);
    if (!expanded.problem.empty()) {
      error("the range in " + shown(pattern) + " cannot be read: " + expanded.problem,
            "e.g. node[01:10]");
      return;
    }
    auto& group = inventory_.group(group_);
    for (const auto& name : expanded.names) {
      inventory_.add_host(group, name);
      for (const auto& [key, value] : vars) inventory_.host(name)[key] = value;
    }
  }

  /// "web:2222": the port of SSH. A colon in a range or an IPv6 address is none.
  void take_port(std::string& pattern, AnsibleVars& vars) {
    auto colon = pattern.rfind(':');
    if (colon == std::string::npos || pattern.find(']', colon) != std::string::npos) return;
    if (pattern.find(':') != colon && pattern.find('[') == std::string::npos) return;
    auto port = ini_value(pattern.substr(colon + 1));
    if (port.kind != Value::Kind::integer) return;
    put(vars, "ansible_port", port);
    pattern.resize(colon);
  }

  void read_var(const std::string& text) {
    auto equals = text.find('=');
    if (equals == 0 || equals == std::string::npos) {
      error("this is no variable", "write name=value");
      return;
    }
    put(inventory_.group(group_).vars, trim(text.substr(0, equals)),
        var_value(trim(text.substr(equals + 1))));
  }

  void read_child(const std::string& text) {
    auto words = split_words(text, true);
    if (!words || words->size() != 1 || !is_name(words->front())) {
      error(shown(text) + " is no group", "write the name of one group a line");
      return;
    }
    AnsibleInventory::add_child(inventory_.group(group_), words->front());
    inventory_.group(words->front());
  }

  void put(AnsibleVars& vars, const std::string& name, Value value) {
    value.at = {line_, column_};
    vars[name] = std::move(value);
  }

  AnsibleInventory& inventory_;
  Diagnostics& diagnostics_;
  Section section_ = Section::hosts;
  std::string group_ = "ungrouped";
  int line_ = 0;
  int column_ = 0;
};

}  // namespace

void read_ini_inventory(std::string_view text, AnsibleInventory& inventory,
                        Diagnostics& diagnostics) {
  IniReader reader(inventory, diagnostics);
  for (const auto& line : split(text, '\n')) reader.read(line);
}

}  // namespace muster
