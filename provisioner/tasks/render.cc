#include "provisioner/tasks/render.h"

#include <algorithm>
#include <deque>
#include <kainjow/mustache.hpp>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "provisioner/base/error.h"
#include "provisioner/base/text.h"
#include "provisioner/tasks/compile.h"

namespace muster {

using nlohmann::json;
namespace mustache = kainjow::mustache;

namespace {

/// One {{tag}} of a template.
struct Tag {
  std::string name;
  int line = 1;
  bool section = false;  ///< {{#x}} or {{^x}}
  bool yaml = false;     ///< {{x|yaml}}
};

/// A template for kainjow whose tags are numbered instead of named, so that looking one up tells
/// which place in the text asks. It also takes away the lines of sections and comments that stand
/// alone, as the mustache specification has it: kainjow leaves an empty line for a false section.
class TagReader {
 public:
  explicit TagReader(const std::string& text) : text_(text) { read(); }

  const std::string& numbered() const { return out_; }
  const std::vector<Tag>& tags() const { return tags_; }

 private:
  void read() {
    for (;;) {
      auto open = text_.find("{{", at_);
      copy_until(std::min(open, text_.size()));
      if (open == std::string::npos) break;
      read_tag();
    }
    if (!open_.empty()) {
      const auto& tag = tags_[open_.back()];
      throw TemplateMistake{tag.line,
                            "section '" + tag.name + "' is not closed; add {{/" + tag.name + "}}"};
    }
  }

  void copy_until(std::size_t end) {
    auto piece = std::string_view(text_).substr(at_, end - at_);
    line_ += static_cast<int>(std::count(piece.begin(), piece.end(), '\n'));
    if (auto newline = piece.rfind('\n'); newline != std::string_view::npos) {
      line_start_ = out_.size() + newline + 1;
    }
    out_ += piece;
    at_ = end;
  }

  void read_tag() {
    bool triple = text_.compare(at_, 3, "{{{") == 0;
    std::string_view closing = triple ? "}}}" : "}}";
    auto begin = at_ + closing.size();
    auto end = text_.find(closing, begin);
    if (end == std::string::npos) throw TemplateMistake{line_, "'{{' has no '}}'"};
    auto content = trim(std::string_view(text_).substr(begin, end - begin));
    char sigil = content.empty() || triple ? '\0' : content[0];
    bool variable = std::string_view("#^/!&>=").find(sigil) == std::string_view::npos;
    auto name = variable ? content : trim(std::string_view(content).substr(1));
    auto lines = std::count(text_.begin() + static_cast<std::ptrdiff_t>(at_),
                            text_.begin() + static_cast<std::ptrdiff_t>(end), '\n');
    at_ = end + closing.size();
    if (variable || sigil == '&') {
      out_ += "{{&" + add(name, false) + "}}";
    } else {
      bool alone = skip_line_if_alone();
      read_block(sigil, name);
      if (alone) line_start_ = out_.size();
      if (alone && text_[at_ - 1] == '\n') ++line_;
    }
    line_ += static_cast<int>(lines);
  }

  void read_block(char sigil, const std::string& name) {
    if (sigil == '#' || sigil == '^') {
      open_.push_back(tags_.size());
      out_ += std::string("{{") + sigil + add(name, true) + "}}";
    } else if (sigil == '/') {
      if (open_.empty() || tags_[open_.back()].name != name) {
        throw TemplateMistake{line_, "{{/" + name + "}} closes no open section"};
      }
      out_ += "{{/" + std::to_string(open_.back()) + "}}";
      open_.pop_back();
    } else if (sigil != '!') {
      throw TemplateMistake{line_, std::string("'{{") + sigil + "' is not supported"};
    }
  }

  std::string add(const std::string& name, bool section) {
    Tag tag{trim(name.substr(0, name.find('|'))), line_, section};
    if (auto bar = name.find('|'); bar != std::string::npos) {
      auto filter = trim(name.substr(bar + 1));
      if (section) throw TemplateMistake{line_, "a section has no filter: '" + name + "'"};
      if (filter != "yaml") {
        throw TemplateMistake{line_, "there is no filter '" + filter + "', only 'yaml'"};
      }
      tag.yaml = true;
    }
    if (tag.name.empty()) throw TemplateMistake{line_, "a tag names nothing"};
    tags_.push_back(std::move(tag));
    return std::to_string(tags_.size() - 1);
  }

  /// When nothing else stands on the tag's line: drops what was copied of it and the rest.
  bool skip_line_if_alone() {
    if (out_.find_first_not_of(" \t", line_start_) != std::string::npos) return false;
    auto rest = text_.find_first_not_of(" \t\r", at_);
    if (rest != std::string::npos && text_[rest] != '\n') return false;
    out_.resize(line_start_);
    at_ = rest == std::string::npos ? text_.size() : rest + 1;
    return true;
  }

  const std::string& text_;
  std::string out_;
  std::vector<Tag> tags_;
  std::vector<std::size_t> open_;  ///< sections, as indexes into tags_
  std::size_t at_ = 0;             ///< in text_
  std::size_t line_start_ = 0;     ///< in out_
  int line_ = 1;
};

/// Looks the numbered tags up in JSON. What kainjow pushes for a section is an index into
/// values_, so that nothing of the context is copied.
class StrictContext : public mustache::basic_context<std::string> {
 public:
  StrictContext(const std::vector<Tag>& tags, const json& root) : tags_(tags), stack_{&root} {}

  void push(const mustache::data* data) override {
    stack_.push_back(data->is_string() ? values_[std::stoul(data->string_value())] : stack_.back());
  }
  void pop() override { stack_.pop_back(); }

  const mustache::data* get(const std::string& number) const override {
    const auto& tag = tags_[std::stoul(number)];
    const auto* value = find(tag.name);
    if (value == nullptr) throw TemplateMistake{tag.line, "nothing is named '" + tag.name + "'"};
    return &made_.emplace_back(tag.section ? section(*value) : variable(tag, *value));
  }
  const mustache::data* get_partial(const std::string&) const override { return nullptr; }

 private:
  /// The innermost value that has the first part of the name decides.
  const json* find(const std::string& name) const {
    if (name == ".") return stack_.back();
    auto first = name.substr(0, name.find('.'));
    for (auto item = stack_.rbegin(); item != stack_.rend(); ++item) {
      if ((*item)->is_object() && (*item)->contains(first)) return find_path(**item, name);
    }
    return nullptr;
  }

  mustache::data section(const json& value) const {
    if (!is_true(value)) return mustache::data(false);
    if (!value.is_array()) return remember(value);
    mustache::data list(mustache::data::type::list);
    for (const auto& item : value) list.push_back(remember(item));
    return list;
  }

  mustache::data remember(const json& value) const {
    values_.push_back(&value);
    return mustache::data(std::to_string(values_.size() - 1));
  }

  static mustache::data variable(const Tag& tag, const json& value) {
    const auto text = value.is_string() ? value.get<std::string>() : "";
    if (value.is_string()) return mustache::data(tag.yaml ? yaml_quoted(text) : text);
    if (value.is_null()) return mustache::data(tag.yaml ? yaml_quoted("") : "");
    if (value.is_structured()) {
      throw TemplateMistake{tag.line, "'" + tag.name + "' is a " +
                                          (value.is_array() ? "list" : "set of values") +
                                          "; open it with {{#" + tag.name + "}}"};
    }
    return mustache::data(value.dump());
  }

  const std::vector<Tag>& tags_;
  std::vector<const json*> stack_;
  mutable std::vector<const json*> values_;
  mutable std::deque<mustache::data> made_;  ///< kainjow keeps pointers while it renders
};

}  // namespace

bool is_true(const json& value) {
  if (value.is_boolean()) return value.get<bool>();
  if (value.is_string()) return !value.get_ref<const std::string&>().empty();
  return !value.empty();
}

const json* find_path(const json& root, std::string_view path) {
  const auto* value = &root;
  for (const auto& part : split(path, '.')) {
    if (!value->is_object()) return nullptr;
    auto found = value->find(part);
    if (found == value->end()) return nullptr;
    value = &*found;
  }
  return value;
}

std::string render(const std::string& text, const json& context) {
  if (text.find("{{") == std::string::npos) return text;
  TagReader reader(text);
  mustache::mustache numbered(reader.numbered());
  if (!numbered.is_valid()) throw TemplateMistake{1, numbered.error_message()};
  StrictContext strict(reader.tags(), context);
  return numbered.render(strict);
}

std::string render_template(const std::string& text, const std::string& file, const json& context) {
  try {
    return render(text, context);
  } catch (const TemplateMistake& mistake) {
    throw Error(file + ":" + std::to_string(mistake.line) + ": " + mistake.message,
                ExitCode::usage);
  }
}

}  // namespace muster
