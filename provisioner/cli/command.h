#pragma once

#include <deque>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace muster {

class Context;

/// What a word stands for: what completion offers in its place.
enum class WordKind { text, file, directory, deployment, deployment_or_file, choice };

/// Takes a value; says what is wrong with it ("must be ..."), or nothing.
using Take = std::function<std::string(const std::string&)>;

/// One option, of a command or of all of them.
struct OptionRule {
  std::string name;    ///< "--output"
  std::string letter;  ///< "-o", or empty
  std::string value;   ///< what the help calls its value: "FILE"; empty: it takes none
  std::string help;
  Take take;
  WordKind kind = WordKind::text;
  std::vector<std::string> choices = {};  ///< what completion offers of kind choice
};

/// One word, or the last words, behind a command.
struct ArgumentRule {
  std::string name;  ///< "FILE"; "-- COMMAND" takes all that follows two minuses, as it is
  std::string help;
  Take take;
  WordKind kind = WordKind::text;
  bool required = true;
  bool many = false;  ///< any further words as well; only the last argument
  std::vector<std::string> choices = {};
};

/// The headings of the help, in its order.
enum class Group {
  definitions,
  clusters,
  artifacts,
  other,
  records,
  pipelines,
  verdicts,
  classrooms,
  machines,
  etcd,
  certificates,
  neighbours,
  bundles,
  bmc
};

/// One command, and where its command line is taken to.
struct Command {
  std::string name;  ///< "plan", "artifacts list"
  Group group = Group::other;
  int place = 0;  ///< among the files that have commands of the group
  std::string help;
  std::vector<ArgumentRule> arguments = {};
  std::vector<OptionRule> options = {};
  std::vector<std::string> examples = {};  ///< without the leading "muster"
  /// Says what does not go together, or nothing.
  std::function<std::string()> check = {};
  /// Whether a Ctrl-C asks it to stop, so that it can clean up or be gone on with; without it, the
  /// process ends at once.
  std::function<bool()> stoppable = {};
  bool many_files = false;  ///< it may have more open than is usual, as what is stoppable may
  std::function<int(Context&)> run = {};
};

/// A command while it is declared: `*declared` is what its options are taken into.
template <typename Options>
class Declared {
 public:
  Declared(Command& command, std::shared_ptr<Options> options)
      : command_(command), options_(std::move(options)) {}

  Options& operator*() const { return *options_; }
  Options* operator->() const { return options_.get(); }

  /// Arguments and options, in the order of the help.
  template <typename... Rules>
  Declared& takes(Rules... rules) {
    (add(std::move(rules)), ...);
    return *this;
  }
  Declared& example(std::string text) {
    command_.examples.push_back(std::move(text));
    return *this;
  }
  Declared& check(std::string (*check)(const Options&)) {
    command_.check = [check, options = options_] { return check(*options); };
    return *this;
  }
  /// It can be stopped in the middle and gone on with, or cleans up.
  Declared& is_run(std::function<bool()> when = [] { return true; }) {
    command_.stoppable = std::move(when);
    return *this;
  }
  Declared& opens_many_files() {
    command_.many_files = true;
    return *this;
  }

 private:
  void add(ArgumentRule rule) { command_.arguments.push_back(std::move(rule)); }
  void add(OptionRule rule) { command_.options.push_back(std::move(rule)); }
  void add(const std::vector<OptionRule>& rules) {
    command_.options.insert(command_.options.end(), rules.begin(), rules.end());
  }

  Command& command_;
  std::shared_ptr<Options> options_;
};

/// For commands that take none.
struct NoOptions {};

/// Collects the commands of files.
class Table {
 public:
  /// Where the commands declared next stand in the help. `place` orders files of one group.
  void group(Group group, int place = 0) {
    group_ = group;
    place_ = place;
  }
  template <typename Options>
  Declared<Options> command(std::string name, std::string help,
                            int (*handler)(Context&, const Options&)) {
    auto options = std::make_shared<Options>();
    auto& command = commands_.emplace_back();
    command.name = std::move(name);
    command.group = group_;
    command.place = place_;
    command.help = std::move(help);
    command.run = [handler, options](Context& context) { return handler(context, *options); };
    return {command, options};
  }
  /// In the order of the help.
  std::vector<Command> take();

 private:
  Group group_ = Group::other;
  int place_ = 0;
  std::deque<Command> commands_;  // declared ones are referred to
};

/// What every command takes.
struct CommonOptions {
  std::filesystem::path state;
  std::filesystem::path cache;
  std::vector<std::filesystem::path> roles;
  std::string log_file;
  bool verbose = false;
};

/// All that muster can do. Parsing fills the options of its commands: each command line needs a
/// table of its own.
struct CommandTable {
  std::vector<Command> commands;
  std::shared_ptr<CommonOptions> chosen;
  std::vector<OptionRule> common;  ///< fill `chosen`
};

/// Of these commands, with the options that all have.
CommandTable make_table(Table commands);

/// Of all files commands_*.cc; generated by the build.
void add_all_commands(Table& table);
CommandTable all_commands();

/// The first words of all commands, or the second words of those whose first is `group`.
std::vector<std::string> command_words(const CommandTable& table, const std::string& group);

/// "FILE...", "[NODE]".
std::string usage_of(const ArgumentRule& argument);
/// "muster plan FILE... [options]".
std::string usage_of(const Command& command);

/// Of muster itself.
std::string help_text(const CommandTable& table);
std::string help_text(const CommandTable& table, const Command& command);
/// For man(1): roff, with the macros of man(7).
std::string man_page(const CommandTable& table);
/// For "bash", "zsh" or "fish".
std::string completion_script(const CommandTable& table, const std::string& shell);

}  // namespace muster
