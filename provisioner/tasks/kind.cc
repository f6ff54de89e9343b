#include "provisioner/tasks/kind.h"

#include <algorithm>

#include "provisioner/base/error.h"
#include "provisioner/tasks/merge_config.h"

namespace muster {

const std::vector<Kind>& kinds() {
  static const std::vector<Kind> all{
      package_kind(),        file_kind(),     directory_kind(),    link_kind(),
      line_kind(),           artifact_kind(), unpack_kind(),       user_kind(),
      authorized_key_kind(), sysctl_kind(),   module_kind(),       mount_kind(),
      unit_kind(),           command_kind(),  wait_kind(),         manifest_kind(),
      image_kind(),          firewall_kind(), file_context_kind(), selinux_boolean_kind()};
  return all;
}

const Kind* find_kind(std::string_view name) {
  auto found = std::ranges::find(kinds(), name, &Kind::name);
  return found == kinds().end() ? nullptr : &*found;
}

TaskNeeds needs_of(const Task& task) {
  const auto* kind = find_kind(task.kind);
  return kind == nullptr || kind->needs == nullptr ? TaskNeeds{} : kind->needs(task);
}

TaskNeeds needs_artifact(const Task& task) {
  TaskNeeds needs;
  const Value* name = task.args.find("name");
  if (name != nullptr && !is_absent(task)) needs.artifacts.insert(name->text);
  return needs;
}

bool is_absent(const Task& task) {
  const Value* state = task.args.find("state");
  return state != nullptr && state->text == "absent";
}

ArgRule state_rule() { return {"state", ArgType::choice, false, "present", {"present", "absent"}}; }

std::string check_content(const Args& args) {
  if (args.has("content") && args.has("template")) return "has both 'content' and 'template'";
  if (args.text("state") == "present" && !args.has("content") && !args.has("template")) {
    return "needs 'content' or 'template'";
  }
  return "";
}

std::string kernel_escaped(const std::string& text) {
  std::string out;
  for (char c : text) {
    switch (c) {
      case ' ':
        out += "\\040";
        break;
      case '\t':
        out += "\\011";
        break;
      case '\n':
        out += "\\012";
        break;
      case '\\':
        out += "\\134";
        break;
      default:
        out += c;
    }
  }
  return out;
}

bool is_plain(const std::string& content) {
  return content.ends_with('\n') && content.find('\0') == std::string::npos;
}

std::string TaskScript::content() {
  auto rendered = args.has("content") ? args.text("content")
                                      : render_template(input_.load_template(args.text("template")),
                                                        args.text("template"), *input_.context);
  const bool merges = args.has("merge") && !args.text("merge").empty();
  if (merges) rendered = merge_config(rendered, args.text("merge"));
  auto [found, added] = contents_.try_emplace(rendered);
  if (added) {
    found->second =
        (is_plain(rendered) ? "m_plain_" : "m_content_") + std::to_string(contents_.size() - 1);
  }
  rendered_ = &found->first;
  return found->second;
}

std::string TaskScript::artifact() {
  const auto& name = args.text("name");
  auto sha256 = input_.artifact_sha256(name);
  auto known = std::ranges::find(script_.artifacts, name, &ArtifactRef::name);
  if (known == script_.artifacts.end()) script_.artifacts.push_back({name, sha256});
  return input_.layout.store + "/" + sha256;
}

std::string TaskScript::shown(std::string_view name) const {
  auto written = args.written(name);
  bool rendered = written.find("{{") != std::string::npos;
  for (const char* secret : {"pki", "secrets"}) {
    if (rendered && written.find(secret) != std::string::npos) return written;
  }
  return args.text(name);
}

}  // namespace muster
