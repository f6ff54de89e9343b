#include "provisioner/tasks/compile.h"

#include <algorithm>
#include <cctype>
#include <map>
#include <nlohmann/json.hpp>
#include <utility>

#include "provisioner/base/error.h"
#include "provisioner/base/sha256.h"
#include "provisioner/base/text.h"
#include "provisioner/tasks/args.h"
#include "provisioner/tasks/kind.h"
#include "provisioner/tasks/ledger.h"
#include "provisioner/tasks/look_ahead.h"
#include "provisioner/tasks/render.h"
#include "provisioner/tasks/shell_text.h"

namespace muster {

namespace {

/// Nothing a person writes comes near; a shorter nonce would be a bug of the caller.
constexpr std::size_t kShortestNonce = 16;

Error role_error(const Role& role, const std::vector<TaskMistake>& mistakes) {
  std::vector<std::string> lines;
  for (const auto& mistake : mistakes) {
    lines.push_back(role.file + ":" + std::to_string(mistake.line) + ": " + mistake.message +
                    (mistake.hint.empty() ? "" : "; " + mistake.hint));
  }
  return Error(join(lines, "\n"), ExitCode::usage);
}

/// How a role, or its handler ("role.handler"), is called in the names of files.
std::string slug_of(std::string slug) {
  for (char& c : slug) {
    if (!std::isalnum(static_cast<unsigned char>(c)) && c != '.' && c != '_') c = '-';
  }
  return slug;
}

std::string quoted(const std::vector<std::string>& words) {
  std::vector<std::string> out;
  for (const auto& word : words) out.push_back(shell_quote(word));
  return join(out, " ");
}

/// The task's kind; a mistake when there is none.
const Kind* kind_of(const Task& task, std::vector<TaskMistake>& mistakes) {
  const auto* kind = find_kind(task.kind);
  if (kind != nullptr) return kind;
  std::vector<std::string> names;
  for (const auto& known : kinds()) names.emplace_back(known.name);
  auto near = nearest(task.kind, names);
  mistakes.push_back({task.line, "there is no task kind '" + task.kind + "'",
                      near ? "did you mean '" + *near + "'?" : "see docs/roles.md for them"});
  return nullptr;
}

/// A shell function that runs its arguments with `text` on their stdin. The nonce is not in it: a
/// task could print functions.
std::string content_function(const std::string& name, const std::string& text) {
  auto head = name + "() {\n  ";
  if (text.empty()) return head + "\"$@\" </dev/null\n}\n";
  // Programs need not read what the shell's own printf can write.
  if (is_plain(text)) {
    return head + "m_content=" + shell_quote(text.substr(0, text.size() - 1)) +
           "\n  m_feed \"$@\"\n}\n";
  }
  const std::string end = "END-OF-CONTENT";
  std::string lines;
  auto encoded = base64_encode(text);
  for (std::size_t at = 0; at < encoded.size(); at += 76) lines += encoded.substr(at, 76) + "\n";
  return head +
         "command -v base64 >/dev/null || m_fail 'this node has no base64'\n  base64 -d <<'" + end +
         "' | \"$@\"\n" + lines + end + "\n}\n";
}

/// Builds one script.
class Compiler {
 public:
  explicit Compiler(const CompileInput& input) : input_(input), role_(*input.role) {}

  CompiledScript compile() {
    if (input_.nonce.size() < kShortestNonce ||
        !std::ranges::all_of(input_.nonce, [](unsigned char c) { return std::isalnum(c) != 0; })) {
      bug("a nonce that can be guessed or quoted");
    }
    undo_ = input_.tasks == &role_.undo;
    if (!undo_) refuse();
    for (const auto& task : *input_.tasks) add(task, nullptr);
    if (!undo_) {
      for (const auto& handler : role_.handlers) add(handler, &handler);
    }
    // What was asked for before has no meaning for a role that is gone.
    if (input_.mode == Mode::apply && undo_) {
      body_ += "  m_forget_handlers " + shell_quote(role_.name) + "\n";
    }
    if (undo_) {
      put_back();
    } else {
      add_traces();
      add_warnings();
      leave_former();
    }
    result_.script = text();
    return std::move(result_);
  }

 private:
  /// What is left after the undo tasks is as it was before the role came.
  void put_back() { last_task("m_chatty_task", " '' m_put_back", kPutBackTask); }

  /// What older versions of the role wanted goes when all that this one wants is there.
  void leave_former() {
    if (input_.had_before) last_task("m_leave_former", "", kFormerTask);
  }

  void last_task(const std::string& call, const std::string& rest, std::string_view name) {
    for (auto library : ledger_library()) take_library(library);
    body_ += "  " + call + " " + std::to_string(result_.task_names.size()) + rest + "\n";
    result_.task_names.emplace_back(name);
  }

  void add_traces() {
    for (const auto& trace : role_.traces) {
      auto path = render(trace, *input_.context);
      if (auto wrong = check_trace(path); !wrong.empty()) throw role_error(role_, {{1, wrong, ""}});
      wants_.add_trace(path);
    }
  }

  void add_warnings() {
    for (const auto& text : role_.warnings) {
      auto warning = trim(render_template(text, role_.file, *input_.context));
      if (!warning.empty()) result_.warnings.push_back(std::move(warning));
    }
  }

  void refuse() const {
    for (const auto& text : role_.refusals) {
      auto why = trim(render_template(text, role_.file, *input_.context));
      if (!why.empty()) throw Error("this node cannot have '" + role_.name + "': " + why);
    }
  }

  void take_library(std::string_view name) {
    if (std::ranges::find(library_, name) == library_.end()) library_.push_back(name);
  }

  void add(const Task& task, const Task* handler) {
    std::vector<TaskMistake> mistakes;
    try {
      if (task.for_each.empty()) {
        if (wanted(task, input_, mistakes)) add_call(task, handler, input_, mistakes);
      } else {
        add_each(task, handler, mistakes);
      }
    } catch (Error& error) {
      error.while_doing("compiling '" + task.name + "' (" + role_.file + ":" +
                        std::to_string(task.line) + ")");
      throw;
    }
    if (!mistakes.empty()) throw role_error(role_, mistakes);
  }

  void add_each(const Task& task, const Task* handler, std::vector<TaskMistake>& mistakes) {
    const auto* list = find_path(*input_.context, task.for_each);
    if (list == nullptr || !list->is_array()) {
      mistakes.push_back(
          {task.line, "'for_each' of '" + task.name + "': there is no list '" + task.for_each + "'",
           ""});
      return;
    }
    auto context = *input_.context;
    auto input = input_;
    input.context = &context;
    for (const auto& item : *list) {
      context["item"] = item;
      auto one = task;
      one.name = render(task.name, context);
      if (wanted(one, input, mistakes)) add_call(one, handler, input, mistakes);
    }
  }

  static bool wanted(const Task& task, const CompileInput& input,
                     std::vector<TaskMistake>& mistakes) {
    if (task.when.empty()) return true;
    bool negated = task.when[0] == '!';
    auto path = task.when.substr(negated ? 1 : 0);
    const auto* value = find_path(*input.context, path);
    if (value == nullptr) {
      mistakes.push_back(
          {task.line, "'when' of '" + task.name + "': nothing is named '" + path + "'", ""});
      return false;
    }
    return is_true(*value) != negated;
  }

  void add_call(const Task& task, const Task* handler, const CompileInput& input,
                std::vector<TaskMistake>& mistakes) {
    const auto* kind = kind_of(task, mistakes);
    if (kind == nullptr) return;
    auto renderer = [&](const std::string& text) { return render(text, *input.context); };
    auto args = read_args(task, kind->args, renderer, mistakes);
    if (!mistakes.empty()) return;
    if (auto wrong = kind->check ? kind->check(args) : ""; !wrong.empty()) {
      mistakes.push_back({task.line, "'" + task.kind + "' " + wrong, ""});
      return;
    }
    if (!undo_) wants_.add(*kind, args);
    // A check changes nothing that could notify; what is wanted is the same.
    if (handler != nullptr && input_.mode == Mode::check) return;
    TaskScript script(args, input, result_, contents_);
    auto words = kind->call(script);
    auto call = quoted(words);
    for (auto name : kind->library) take_library(name);
    auto number = std::to_string(result_.task_names.size());
    if (const auto* made = script.made()) {
      look_ahead_.add_sum(result_.task_names.size(), sha256(*made));
    }
    if (handler == nullptr) look_ahead(result_.task_names.size(), words, script);
    std::string runner = kind->chatty ? "m_chatty_task " : "m_task ";
    if (handler != nullptr) {
      body_ += "  m_handler " + runner + slug_of(role_.name + "." + handler->name) + " " + number +
               " " + call;
    } else {
      body_ += "  " + runner + number + " " + shell_quote(slugs(task, mistakes)) + " " + call;
    }
    body_ += "\n";
    result_.task_names.push_back(task.name);
  }

  void look_ahead(std::size_t number, const std::vector<std::string>& words,
                  const TaskScript& script) {
    const auto* content = script.rendered();
    look_ahead_.add(number, words, content == nullptr ? 0 : content->size(),
                    content == nullptr ? "" : sha256(*content));
  }

  std::string slugs(const Task& task, std::vector<TaskMistake>& mistakes) const {
    std::vector<std::string> out;
    for (const auto& name : task.notify) {
      out.push_back(slug_of(role_.name + "." + name));
      if (std::ranges::find(role_.handlers, name, &Task::name) == role_.handlers.end()) {
        mistakes.push_back(
            {task.line, "'" + task.name + "' notifies no handler: '" + name + "'", ""});
      }
    }
    return join(out, " ");
  }

  /// Functions only, in one group, and one call on the last line: a script that is cut on its way
  /// does nothing. (Without the group, a function's name that is cut may be another function's.)
  /// Nor does one whose first line did not come, because a login file of the node read it.
  std::string text() const {
    std::string out = "m_nonce=" + shell_quote(input_.nonce) + "\n";
    out += std::string(shell_text("shell/reset")) + "{\n";
    for (auto name :
         {"shell/core", "shell/begin", "shell/place", "shell/ledger", "shell/look_ahead"}) {
      out += shell_text(name);
    }
    if (!input_.owner.empty()) out += shell_text("shell/owner");
    for (auto name : library_) out += shell_text(name);
    for (const auto& [content, name] : contents_) {
      out += content_function(name, content);
    }
    out += look_ahead_.function();
    out += undo_ ? "m_wants_file=\n" : wants_.shell(slug_of(role_.name));
    out += "m_all() {\n  [ -n \"${m_nonce:-}\" ] || exit 1\n";
    auto set = [&](const char* name, const std::string& value) {
      out += std::string("  ") + name + "=" + shell_quote(value) + "\n";
    };
    set("m_id", fingerprint(input_.nonce));
    set("m_mode", input_.mode == Mode::apply ? "apply" : "check");
    set("m_run_dir", input_.layout.run);
    set("m_state", input_.layout.state);
    set("m_lock_seconds", std::to_string(input_.layout.lock_seconds * input_.patience));
    set("m_longer", std::to_string(input_.patience));
    set("m_owner", input_.owner);
    set("m_programs", own_programs());
    set_proxy(set);
    set("m_looked", "0");
    set("m_role", slug_of(role_.name));
    set("m_leaving", undo_ ? "1" : "");
    if (undo_) set("m_store", input_.layout.store);
    if (!undo_ && !input_.packages_sha256.empty()) {
      set("m_packages_from", input_.layout.store + "/" + input_.packages_sha256);
    }
    out += look_ahead_.sums();
    return out + "  m_begin\n" + body_ + "  m_end\n}\n}\nm_all\n";
  }

  /// For package managers.
  void set_proxy(const std::function<void(const char*, const std::string&)>& set) const {
    for (const auto& [name, path] :
         {std::pair{"m_http_proxy", "proxy.http"}, std::pair{"m_https_proxy", "proxy.https"},
          std::pair{"m_no_proxy", "proxy.no_proxy"}}) {
      const auto* value = find_path(*input_.context, path);
      if (value != nullptr && is_true(*value)) set(name, value->get<std::string>());
    }
  }

  /// Where roles put programs comes first in PATH.
  std::string own_programs() const {
    const auto* directory = find_path(*input_.context, "cluster.bin_dir");
    if (directory == nullptr || !directory->is_string()) return "";
    return directory->get<std::string>() + ":";
  }

  const CompileInput& input_;
  const Role& role_;
  CompiledScript result_;
  std::string body_;
  std::vector<std::string_view> library_;
  std::map<std::string, std::string> contents_;  ///< text -> function
  LookAhead look_ahead_;
  LedgerWants wants_;
  bool undo_ = false;
};

bool has_template(const Value& value) {
  return value.text.find("{{") != std::string::npos ||
         std::ranges::any_of(value.items, has_template) ||
         std::ranges::any_of(value.members,
                             [](const auto& member) { return has_template(member.value); });
}

void check_task(const Task& task, std::vector<TaskMistake>& mistakes) {
  const auto* kind = kind_of(task, mistakes);
  if (kind == nullptr) return;
  auto before = mistakes.size();
  auto args = read_args(task, kind->args, nullptr, mistakes);
  if (kind->check == nullptr || mistakes.size() != before || has_template(task.args)) return;
  if (auto wrong = kind->check(args); !wrong.empty()) {
    mistakes.push_back({task.line, "'" + task.kind + "' " + wrong, ""});
  }
}

}  // namespace

CompiledScript compile(const CompileInput& input) { return Compiler(input).compile(); }

void check_role(const Role& role) {
  std::vector<TaskMistake> mistakes;
  for (const auto* tasks : {&role.tasks, &role.handlers, &role.undo}) {
    for (const auto& task : *tasks) check_task(task, mistakes);
  }
  if (!mistakes.empty()) throw role_error(role, mistakes);
}

}  // namespace muster
