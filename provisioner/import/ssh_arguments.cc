#include "provisioner/import/ssh_arguments.h"

#include <algorithm>
#include <cctype>
#include <string_view>
#include <tuple>

#include "provisioner/import/words.h"

namespace muster {

namespace {

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

/// Options of ssh with one letter that take a value, and are of interest or may stand in the way.
constexpr std::string_view kWithValue = "BbcDEeFIiJLlmOopQRSWw";

/// Takes a command line apart into options with their values, and the other words.
class Arguments {
 public:
  explicit Arguments(std::vector<std::string> words) : words_(std::move(words)) {}

  /// False at the end. An option of one letter is in `letter`, with its `value` where it takes one;
  /// else `letter` is 0 and `value` is the word.
  bool next() {
    if (at_ >= words_.size()) return false;
    auto word = words_[at_++];
    letter = '\0';
    value = word;
    if (word.size() < 2 || word[0] != '-') return true;
    letter = word[1];
    value = word.substr(2);
    if (kWithValue.find(letter) == std::string_view::npos) return take_flag(word);
    if (value.empty() && at_ < words_.size()) value = words_[at_++];
    return true;
  }

  char letter = '\0';
  std::string value;

 private:
  /// "-qt" is "-q -t".
  bool take_flag(const std::string& word) {
    value.clear();
    if (word.size() > 2) words_[--at_] = "-" + word.substr(2);
    return true;
  }

  std::vector<std::string> words_;
  std::size_t at_ = 0;
};

/// "ProxyJump=x" or "ProxyJump x"; the name in lower case.
std::pair<std::string, std::string> read_option(const std::string& text) {
  auto end = text.find_first_of("= \t");
  if (end == std::string::npos) return {lower(text), ""};
  auto start = text.find_first_not_of("= \t", end);
  auto setting = start == std::string::npos ? "" : text.substr(start);
  // ssh takes quotes around a whole value away once more.
  bool quoted =
      setting.size() > 1 && setting.front() == '"' && setting.find('"', 1) + 1 == setting.size();
  if (quoted) setting = setting.substr(1, setting.size() - 2);
  return {lower(text.substr(0, end)), setting};
}

bool concerns_host_keys(const std::string& option) {
  static const std::vector<std::string> names{
      "stricthostkeychecking", "userknownhostsfile", "globalknownhostsfile", "hostkeyalias",
      "checkhostip",           "loglevel",           "updatehostkeys"};
  return std::find(names.begin(), names.end(), option) != names.end();
}

/// How connections are kept and paced: muster has its own ways.
bool is_tuning(const std::string& option) {
  static const std::vector<std::string> names{
      "controlmaster",      "controlpersist",      "controlpath",
      "connecttimeout",     "serveraliveinterval", "serveralivecountmax",
      "forwardagent",       "identitiesonly",      "preferredauthentications",
      "connectionattempts", "batchmode",           "compression"};
  return std::find(names.begin(), names.end(), option) != names.end();
}

/// A ProxyCommand that does what a jump does.
std::optional<SshJump> read_proxy_command(const std::string& text) {
  auto words = split_words(text, false);
  if (!words || words->empty()) return std::nullopt;
  if (words->front() == "exec") words->erase(words->begin());
  bool ssh = !words->empty() && (words->front() == "ssh" || words->front().ends_with("/ssh"));
  if (!ssh) return std::nullopt;
  words->erase(words->begin());
  Arguments arguments(*words);
  SshJump jump;
  std::string user;
  std::string port;
  bool through = false;
  while (arguments.next()) {
    const auto& value = arguments.value;
    if (arguments.letter == 'W') {
      through = value == "%h:%p" || value == "[%h]:%p";
    } else if (arguments.letter == 'p') {
      port = value;
    } else if (arguments.letter == 'l') {
      user = value;
    } else if (arguments.letter == 'i') {
      jump.key = value;
    } else if (arguments.letter == 'o') {
      auto [name, setting] = read_option(value);
      if (name == "user") user = setting;
      if (name == "port") port = setting;
      if (name == "identityfile") jump.key = setting;
      if (name == "proxyjump" || name == "proxycommand") return std::nullopt;
    } else if (arguments.letter == '\0') {
      auto read = jump.host.empty() ? read_jump(value) : std::nullopt;
      if (!read) return std::nullopt;  // a command of its own, as with nc
      read->key = jump.key;
      jump = *read;
    } else if (arguments.letter == 'J') {
      return std::nullopt;
    }
  }
  if (!through || jump.host.empty()) return std::nullopt;
  if (jump.user.empty()) jump.user = user;
  if (jump.port.empty()) jump.port = port;
  return jump;
}

}  // namespace

std::optional<SshJump> read_jump(std::string text) {
  if (text.starts_with("ssh://")) text.erase(0, 6);
  if (text.empty() || text == "none" || text.find_first_of(", \t%/") != std::string::npos)
    return std::nullopt;
  SshJump jump;
  auto at = text.rfind('@');
  if (at != std::string::npos) {
    jump.user = text.substr(0, at);
    text.erase(0, at + 1);
  }
  auto close = text.starts_with('[') ? text.find(']') : std::string::npos;
  auto colon = text.find(':', close == std::string::npos ? 0 : close);
  if (colon != std::string::npos && text.find(':', colon + 1) == std::string::npos) {
    jump.port = text.substr(colon + 1);
    text.resize(colon);
  }
  if (close != std::string::npos) text = text.substr(1, close - 1);
  jump.host = text;
  return text.empty() ? std::nullopt : std::optional(jump);
}

SshArguments read_ssh_arguments(const std::string& text) {
  SshArguments read;
  auto words = split_words(text, false);
  if (!words) {
    read.others.push_back("a quote in it is not closed");
    return read;
  }
  Arguments arguments(*words);
  while (arguments.next()) {
    const auto& value = arguments.value;
    std::string name;
    std::string setting = value;
    if (arguments.letter == 'o') std::tie(name, setting) = read_option(value);
    if (arguments.letter == 'J' || name == "proxyjump") {
      read.jump = read_jump(setting);
      if (!read.jump && setting != "none") read.others.push_back("ProxyJump " + setting);
    } else if (name == "proxycommand") {
      read.jump = read_proxy_command(setting);
      if (!read.jump && setting != "none") read.others.emplace_back("ProxyCommand");
    } else if (arguments.letter == 'i' || name == "identityfile") {
      read.key = setting;
    } else if (arguments.letter == 'p' || name == "port") {
      read.port = setting;
    } else if (arguments.letter == 'l' || name == "user") {
      read.user = setting;
    } else if (concerns_host_keys(name)) {
      read.host_key.push_back(value);
    } else if (arguments.letter == 'o' && !is_tuning(name)) {
      read.others.push_back(value.substr(0, value.find_first_of("= \t")));
    } else if (arguments.letter == 'F') {
      read.others.emplace_back("-F");
    }
  }
  return read;
}

}  // namespace muster
