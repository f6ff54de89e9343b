#include "provisioner/classroom/template.h"

#include <algorithm>
#include <set>
#include <tuple>

#include "provisioner/base/error.h"
#include "provisioner/base/files.h"
#include "provisioner/base/text.h"
#include "provisioner/base/utf8.h"
#include "provisioner/classroom/placeholders.h"
#include "provisioner/definition/check.h"
#include "provisioner/definition/indented_json.h"
#include "provisioner/definition/masking.h"

namespace muster {

namespace {

constexpr std::uintmax_t kMostOfTemplate = 8u << 20;

/// Stands for all students when the template itself is checked.
const Student& any_student() {
  static const Student student = {
      "student",
      "Student",
      "student@example.com",
      "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIH3GdgYaJWrAK6C7xkP/GPJCk0euDa7l/gsXgzDh7Hmb",
      {}};
  return student;
}

bool is_yaml(const std::string& file) { return file.ends_with(".yaml") || file.ends_with(".yml"); }

Value* member_of(Value& object, std::string_view key) {
  for (auto& member : object.members) {
    if (member.key == key) return &member.value;
  }
  return nullptr;
}

/// Replaces the member, or puts it behind the name.
void put(Value& root, const std::string& key, Value value) {
  auto name = std::ranges::find(root.members, "name", &Value::Member::key);
  value.at = name == root.members.end() ? root.at : name->value.at;
  if (auto* there = member_of(root, key)) {
    *there = std::move(value);
    return;
  }
  auto at = value.at;
  if (name != root.members.end()) ++name;
  root.members.insert(name, {key, at, std::move(value)});
}

/// A string of the template, or nullptr.
const Value* string_in(const Value& root, std::string_view key) {
  const auto* value = root.find(key);
  return value != nullptr && value->is_string() ? value : nullptr;
}

bool names_student(const Value& root, std::string_view key) {
  const auto* value = string_in(root, key);
  return value != nullptr && uses_placeholder(*value, "student");
}

void add_key(Value& root, const Student& student) {
  auto* keys = member_of(root, "public_keys");
  if (keys == nullptr) {
    Value object;
    object.kind = Value::Kind::object;
    put(root, "public_keys", std::move(object));
    keys = member_of(root, "public_keys");
  }
  if (!keys->is_object()) return;  // which the checks report
  auto name = student.id;
  while (keys->find(name) != nullptr) name += "-student";
  auto key = Value::of(student.ssh_key);
  key.at = keys->at;
  keys->members.push_back({name, keys->at, std::move(key)});
}

/// The tree of the student's definition.
Value tree_of(const Template& made_of, const Student& student) {
  auto root = made_of.root;
  fill(root, student);
  const auto* keys = made_of.root.find("public_keys");
  if (keys == nullptr || !uses_placeholder(*keys, "ssh_key")) add_key(root, student);
  auto* name = member_of(root, "name");
  if (name != nullptr && name->is_string()) {
    if (!names_student(made_of.root, "name")) name->text += "-" + student.id;
    auto own = name->text;  // `name` moves when members are added
    put(root, "student", Value::of(student.id));
    put(root, "classroom", Value::of(made_of.classroom));
    if (!names_student(made_of.root, "tenant")) put(root, "tenant", Value::of(own));
  }
  return root;
}

/// What the template says of names and placeholders; true when definitions can be made of it.
class TemplateChecker {
 public:
  explicit TemplateChecker(Template& read) : read_(read) {}

  void check() {
    check_placeholders();
    if (!read_.root.is_object()) return;
    find_classroom();
    warn_of_tenant();
  }

 private:
  void error(Position at, const std::string& message, const std::string& hint);
  void check_placeholders();
  void find_classroom();
  void warn_of_tenant();

  Template& read_;
};

void TemplateChecker::error(Position at, const std::string& message, const std::string& hint) {
  auto name = override_name(at, read_.overrides);
  read_.diagnostics.error(name.empty() ? at : Position{},
                          name.empty() ? message : name + ": " + message, hint);
}

void TemplateChecker::check_placeholders() {
  const auto known = placeholder_names();
  each_placeholder(read_.root, [&](const std::string& name, Position at) {
    if (std::ranges::find(known, name) != known.end()) return;
    auto near = nearest(name, known);
    error(at, "unknown placeholder " + shown("{{" + name + "}}"),
          near ? "did you mean '{{" + *near + "}}'?"
               : "there are {{student}}, {{name}}, {{email}} and {{ssh_key}}");
  });
}

void TemplateChecker::find_classroom() {
  const auto* own = string_in(read_.root, "classroom");
  const auto* name = string_in(read_.root, "name");
  if (name == nullptr) return;  // the checks of definitions say so
  if (!placeholders_in(name->text).empty() && !uses_placeholder(*name, "student")) {
    error(name->at, "the name " + shown(name->text) + " does not tell students apart",
          "use {{student}} in it, or no placeholder at all");
    return;
  }
  const auto& from = own == nullptr ? *name : *own;
  auto classroom = own == nullptr ? without_placeholders(name->text) : own->text;
  auto problem = check_label(classroom);
  if (own == nullptr && classroom.empty()) {
    problem = {"is all of the student", "name the classroom too: \"classroom\": \"...\""};
  }
  if (problem) {
    error(from.at, "the classroom's name " + shown(from.text) + " " + problem.message,
          problem.hint);
  } else {
    read_.classroom = classroom;
  }
}

void TemplateChecker::warn_of_tenant() {
  const auto* tenant = string_in(read_.root, "tenant");
  if (tenant == nullptr || uses_placeholder(*tenant, "student")) return;
  read_.diagnostics.warning(
      tenant->at.line == 0 ? Position{} : tenant->at,
      "the tenant " + shown(tenant->text) + " has no effect: each student is a tenant of its own",
      "remove it, or use {{student}} in it");
}

using Mark = std::tuple<int, int, std::string>;
Mark mark_of(const Diagnostic& item) { return {item.at.line, item.at.column, item.message}; }

/// Appends the items that are not there yet.
void merge(const Diagnostics& from, const std::string& whose, const Diagnostics& known,
           Diagnostics& into) {
  std::set<Mark> marks;
  for (const auto& item : known.items()) marks.insert(mark_of(item));
  for (const auto& item : from.items()) {
    if (marks.contains(mark_of(item))) continue;
    auto add = item.severity == Severity::error ? &Diagnostics::error : &Diagnostics::warning;
    (into.*add)(item.at, whose + item.message, item.hint);
  }
}

/// Checks the tree of a definition; `overrides` are in it already.
DefinitionResult checked(Value root, const Template& made_of, const DefinitionRules& rules) {
  DefinitionResult result;
  result.text = indented_json(root) + "\n";
  Diagnostics none;
  result.text = mask_secrets(std::move(result.text), parse_value(result.text, false, none));
  result.diagnostics = Diagnostics(made_of.diagnostics.file(), made_of.text);
  Checker checker(made_of.overrides, rules, result.diagnostics);
  result.definition = checker.check(root);
  result.plannable = checker.plannable();
  return result;
}

}  // namespace

Template parse_template(const std::string& file, std::string text, const Overrides& overrides,
                        const DefinitionRules& rules) {
  if (text.starts_with(kByteOrderMark)) text.erase(0, kByteOrderMark.size());
  Template read;
  Diagnostics mistakes;
  read.root = parse_value(text, is_yaml(file), mistakes);
  read.text = mask_secrets(std::move(text), read.root);
  read.diagnostics = Diagnostics(file, read.text);
  read.overrides = overrides;
  merge(mistakes, "", {}, read.diagnostics);
  if (read.diagnostics.has_errors()) return read;
  apply_overrides(read.root, overrides, [&](Position at, const std::string& problem) {
    read.diagnostics.error({}, override_name(at, overrides) + ": " + problem);
  });
  TemplateChecker(read).check();
  // Whatever is wrong with the name has been said; it hides no other mistake.
  auto sample = read;
  if (sample.classroom.empty()) {
    sample.classroom = "classroom";
    if (auto* name = member_of(sample.root, "name")) name->text = "classroom";
  }
  merge(checked(tree_of(sample, any_student()), sample, rules).diagnostics, "", read.diagnostics,
        read.diagnostics);
  return read;
}

Template read_template(const std::filesystem::path& file, const Overrides& overrides,
                       const DefinitionRules& rules) {
  try {
    return parse_template(file.string(), read_file(file, kMostOfTemplate), overrides, rules);
  } catch (const Error& problem) {
    Template read;
    read.diagnostics = Diagnostics(file.string(), "");
    read.diagnostics.error({}, problem.what(), "name a definition: --template FILE");
    return read;
  }
}

DefinitionResult definition_of(const Template& made_of, const Student& student,
                               const DefinitionRules& rules) {
  auto result = checked(tree_of(made_of, student), made_of, rules);
  const auto whose =
      "for " + shown(student.name) + " (row " + std::to_string(student.at.line) + "): ";
  Diagnostics own(made_of.diagnostics.file(), made_of.text);
  merge(result.diagnostics, whose, made_of.diagnostics, own);
  if (student.email.empty()) {
    each_placeholder(made_of.root, [&](const std::string& name, Position at) {
      if (name != "email") return;
      own.error(at.line == 0 ? Position{} : at, whose + "there is no email for {{email}}",
                "write it in the roster, or take {{email}} out of the template");
    });
  }
  result.diagnostics = std::move(own);
  return result;
}

}  // namespace muster
