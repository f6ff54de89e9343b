#include "provisioner/definition/reader.h"

#include <algorithm>
#include <utility>

namespace muster {

namespace {

constexpr std::size_t kMaxDepth = 64;
/// 5,000 node blocks stay far below; a file of 8 MiB of "[]," would take a gigabyte.
constexpr std::size_t kMaxValues = 500'000;
constexpr const char* kTooMuch = "this is no definition; examples/ has some";

}  // namespace

Position Places::of(std::size_t offset) {
  for (; scanned_ < offset && scanned_ < text_.size(); ++scanned_) {
    if (text_[scanned_] == '\n') {
      ++line_;
      line_start_ = scanned_ + 1;
    }
  }
  return {line_, static_cast<int>(offset - line_start_) + 1};
}

bool ValueBuilder::count(Position at) {
  if (++values_ <= kMaxValues) return true;
  diagnostics_.error(at, "more than " + std::to_string(kMaxValues) + " values", kTooMuch);
  return false;
}

bool ValueBuilder::begin(Value::Kind kind, Position at) {
  if (stack_.size() == kMaxDepth) {
    diagnostics_.error(at, "nested deeper than " + std::to_string(kMaxDepth) + " levels", kTooMuch);
    return false;
  }
  if (!count(at)) return false;
  auto& frame = stack_.emplace_back();
  frame.value.kind = kind;
  frame.value.at = at;
  return true;
}

void ValueBuilder::end() {
  auto value = std::move(stack_.back().value);
  stack_.pop_back();
  place(std::move(value));
}

void ValueBuilder::key(std::string name, Position at) {
  auto& frame = stack_.back();
  frame.duplicate = !frame.keys.insert(name).second;
  if (frame.duplicate) {
    auto first = std::find_if(frame.value.members.begin(), frame.value.members.end(),
                              [&](const Value::Member& member) { return member.key == name; });
    diagnostics_.error(at, "duplicate key '" + name + "'",
                       "the first one is at " + std::to_string(first->at.line) + ":" +
                           std::to_string(first->at.column));
  }
  frame.key = std::move(name);
  frame.key_at = at;
}

bool ValueBuilder::scalar(Value value) {
  if (!count(value.at)) return false;
  place(std::move(value));
  return true;
}

void ValueBuilder::place(Value value) {
  if (stack_.empty()) {
    root_ = std::move(value);
    return;
  }
  auto& frame = stack_.back();
  if (frame.value.is_list()) {
    frame.value.items.push_back(std::move(value));
  } else if (!frame.duplicate) {
    frame.value.members.push_back({std::move(frame.key), frame.key_at, std::move(value)});
  }
}

Value ValueBuilder::take() {
  while (!stack_.empty()) end();
  return std::move(root_);
}

}  // namespace muster
