#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <utility>

namespace muster {

/// Collects what a node answers to a script that says what it found: lines "N key=value" and at the
/// end "N end", N being the nonce. What its login files print before is left out; of what never
/// becomes an answer, the last 512 KiB at least are kept.
class Answer {
 public:
  explicit Answer(std::string nonce) : nonce_(std::move(nonce)) {}

  void feed(std::string_view bytes);
  /// The script ran to its end.
  bool whole() const { return whole_; }
  const std::string& text() const { return text_; }

 private:
  std::string nonce_;
  std::string text_;
  bool whole_ = false;
};

/// Hands the keys and values of an answer to `take`; false when it has no end.
bool read_answer(std::string_view text, const std::string& nonce,
                 const std::function<void(const std::string& key, const std::string& value)>& take);

}  // namespace muster
