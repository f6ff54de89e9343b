#include "provisioner/tasks/args.h"

#include <algorithm>
#include <filesystem>
#include <optional>
#include <utility>

#include "provisioner/base/error.h"
#include "provisioner/base/text.h"
#include "provisioner/tasks/render.h"

namespace muster {

const std::string& Args::text(std::string_view name) const {
  auto found = texts_.find(name);
  if (found == texts_.end()) bug("a kind asks for an argument that it has no rule for");
  return found->second;
}

const std::vector<std::string>& Args::items(std::string_view name) const {
  auto found = lists_.find(name);
  if (found == lists_.end()) bug("a kind asks for a list that it has no rule for");
  return found->second;
}

std::string Args::written(std::string_view name) const {
  auto found = written_.find(name);
  return found == written_.end() ? "" : found->second;
}

namespace {

bool only(std::string_view text, std::string_view letters) {
  return !text.empty() && text.find_first_not_of(letters) == std::string_view::npos;
}

std::string quoted_list(const std::vector<std::string>& words) {
  std::vector<std::string> quoted;
  for (const auto& word : words) quoted.push_back("'" + word + "'");
  return join(quoted, ", ");
}

/// What the value must be, when `text` is not it.
std::optional<std::string> wanted(const ArgRule& rule, const std::string& text) {
  if (text.find('\0') != std::string::npos) return "a text without NUL";
  switch (rule.type) {
    case ArgType::path: {
      auto parts = split(text, '/');
      bool good = text.starts_with('/') && std::ranges::find(parts, "..") == parts.end();
      if (!good) return "a path that begins with '/' and has no '..'";
      if (text.find('\n') != std::string::npos) return "a path of one line";
      break;
    }
    case ArgType::mode:
      if (!only(text, "01234567") || text.size() > 5) return "octal digits, like \"0644\"";
      break;
    case ArgType::boolean:
      if (text != "true" && text != "false") return "true or false";
      break;
    case ArgType::number:
      if (!only(text, "0123456789") || text.size() > 9) return "a whole number";
      break;
    case ArgType::choice:
      if (std::ranges::find(rule.choices, text) == rule.choices.end()) {
        return "one of " + quoted_list(rule.choices);
      }
      break;
    case ArgType::text:
    case ArgType::list:
    case ArgType::lists:
    case ArgType::lines:
      break;
  }
  return std::nullopt;
}

/// One way to write a path, without a '/' at its end.
std::string normal_path(const std::string& path) {
  auto normal = std::filesystem::path(path).lexically_normal().string();
  if (normal.size() > 1 && normal.ends_with('/')) normal.pop_back();
  return normal;
}

/// As stat(1) prints a mode.
std::string without_leading_zeros(const std::string& mode) {
  auto first = mode.find_first_not_of('0');
  return first == std::string::npos ? mode.substr(0, 1) : mode.substr(first);
}

std::optional<std::string> scalar_text(const Value& value) {
  switch (value.kind) {
    case Value::Kind::string:
      return value.text;
    case Value::Kind::boolean:
      return value.boolean ? "true" : "false";
    case Value::Kind::integer:
      return std::to_string(value.integer);
    default:
      return std::nullopt;
  }
}

}  // namespace

/// Reads the arguments of one task.
class ArgReader {
 public:
  ArgReader(const Task& task, const std::vector<ArgRule>& rules, const Renderer& renderer,
            std::vector<TaskMistake>& mistakes)
      : task_(task), rules_(rules), renderer_(renderer), mistakes_(mistakes) {}

  Args read() {
    for (const auto& rule : rules_) {
      args_.texts_[std::string(rule.name)] = rule.fallback;
      args_.lists_[std::string(rule.name)];
      if (rule.type != ArgType::lists) continue;
      for (const auto& choice : rule.choices) args_.lists_[std::string(rule.name) + "." + choice];
    }
    if (!task_.args.is_object()) {
      mistake(task_.line, "the arguments of '" + task_.kind + "' must be written as {name: value}");
      return args_;
    }
    for (const auto& member : task_.args.members) read_member(member);
    for (const auto& rule : rules_) {
      if (rule.required && !args_.has(rule.name)) {
        mistake(task_.line, "'" + task_.kind + "' needs '" + std::string(rule.name) + "'");
      }
    }
    return args_;
  }

 private:
  void read_member(const Value::Member& member) {
    auto rule = std::ranges::find(rules_, member.key, &ArgRule::name);
    if (rule == rules_.end()) {
      std::vector<std::string> names;
      for (const auto& known : rules_) names.emplace_back(known.name);
      auto near = nearest(member.key, names);
      mistake(member.at.line, "'" + task_.kind + "' takes no '" + member.key + "'",
              near ? "did you mean '" + *near + "'?" : "it takes " + quoted_list(names));
      return;
    }
    bool list = is_list(*rule);
    args_.written_[member.key] = scalar_text(member.value).value_or("");
    if (list && member.value.is_list()) {
      read_list(*rule, member.value, member.key);
    } else if (rule->type == ArgType::lists && member.value.is_object()) {
      for (const auto& one : member.value.members) read_named_list(*rule, one);
    } else if (rule->type == ArgType::list || rule->type == ArgType::lists) {
      wrong_type(*rule, member.value, "a list");
    } else if (rule->type == ArgType::lines) {
      read_items(*rule, member.value, member.key);
    } else if (auto text = read_text(*rule, member.value)) {
      args_.texts_[member.key] = *text;
    }
  }

  static bool is_list(const ArgRule& rule) {
    return rule.type == ArgType::list || rule.type == ArgType::lists || rule.type == ArgType::lines;
  }

  void read_list(const ArgRule& rule, const Value& value, const std::string& name) {
    for (const auto& item : value.items) read_items(rule, item, name);
  }

  void read_named_list(const ArgRule& rule, const Value::Member& member) {
    auto whole = std::string(rule.name) + "." + member.key;
    if (std::ranges::find(rule.choices, member.key) == rule.choices.end()) {
      mistake(
          member.at.line,
          "'" + std::string(rule.name) + "' of '" + task_.kind + "' has no '" + member.key + "'",
          "it has " + quoted_list(rule.choices));
    } else if (!member.value.is_list()) {
      wrong_type(rule, member.value, "lists");
    } else {
      args_.written_[whole];
      read_list(rule, member.value, whole);
    }
  }

  void read_items(const ArgRule& rule, const Value& value, const std::string& name) {
    auto text = read_text(rule, value);
    if (!text) return;
    for (auto& item : rule.type == ArgType::lines ? split(*text, '\n') : std::vector{*text}) {
      if (auto trimmed = trim(item); !trimmed.empty()) {
        args_.lists_[name].push_back(trimmed);
      }
    }
  }

  std::optional<std::string> read_text(const ArgRule& rule, const Value& value) {
    auto text = scalar_text(value);
    if (!text || (rule.type == ArgType::mode && !value.is_string())) {
      wrong_type(rule, value, rule.type == ArgType::mode ? "text in quotes" : "text");
      return is_list(rule) ? std::nullopt : text;
    }
    if (text->find("{{") != std::string::npos) {
      if (!renderer_) return std::nullopt;
      try {
        text = renderer_(*text);
      } catch (const TemplateMistake& template_mistake) {
        bool many = value.text.find('\n') < value.text.size() - 1;
        mistake(value.at.line, "'" + std::string(rule.name) + "'" +
                                   (many ? ", line " + std::to_string(template_mistake.line) : "") +
                                   ": " + template_mistake.message);
        return std::nullopt;
      }
    }
    if (rule.type == ArgType::mode) *text = without_leading_zeros(*text);
    if (auto better = wanted(rule, *text)) {
      mistake(value.at.line, "'" + std::string(rule.name) + "' of '" + task_.kind + "' must be " +
                                 *better + ", not '" + shown(*text) + "'");
      return std::nullopt;
    }
    if (rule.type == ArgType::path) text = normal_path(*text);
    return text;
  }

  static std::string shown(const std::string& text) {
    return text.size() <= 60 ? text : text.substr(0, 60) + "...";
  }

  void wrong_type(const ArgRule& rule, const Value& value, const std::string& expected) {
    mistake(value.at.line, "'" + std::string(rule.name) + "' of '" + task_.kind + "' must be " +
                               expected + ", not " + describe(value.kind));
  }

  void mistake(int line, std::string message, std::string hint = "") {
    mistakes_.push_back({line > 0 ? line : task_.line, std::move(message), std::move(hint)});
  }

  const Task& task_;
  const std::vector<ArgRule>& rules_;
  const Renderer& renderer_;
  std::vector<TaskMistake>& mistakes_;
  Args args_;
};

Args read_args(const Task& task, const std::vector<ArgRule>& rules, const Renderer& renderer,
               std::vector<TaskMistake>& mistakes) {
  return ArgReader(task, rules, renderer, mistakes).read();
}

}  // namespace muster
