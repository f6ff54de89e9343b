#include "provisioner/tasks/store_script.h"

#include <charconv>

#include "provisioner/base/error.h"
#include "provisioner/base/text.h"
#include "provisioner/tasks/answer.h"
#include "provisioner/tasks/shell_text.h"

namespace muster {

namespace {

constexpr WireForm kForms[] = {WireForm::raw, WireForm::gzip, WireForm::zstd};

std::string assign(const std::string& name, const std::string& value) {
  return name + "=" + shell_quote(value) + "\n";
}

std::string head(const StorePlace& place) {
  return assign("m_store", place.store) + assign("m_sha", place.sha256) +
         assign("m_run", place.run) +
         assign("m_owner", place.run + "-" + std::to_string(place.attempt)) +
         shell_text("shell/reset") + shell_text("shell/store_core");
}

std::uint64_t number(const std::string& text) {
  std::uint64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

/// "BLOCKS SIZE"; no limit when the node cannot tell.
std::uint64_t free_bytes(const std::string& value) {
  auto words = split(value, ' ');
  if (words.size() != 2) return UINT64_MAX;
  return number(words[0]) * number(words[1]);
}

void take(StoreAnswer& answer, const std::string& key, const std::string& value) {
  if (key == "has") answer.has = value == "true";
  if (key == "damaged") answer.damaged = value == "true";
  if (key == "free") answer.free = free_bytes(value);
  if (key == "tool") answer.tools.insert(value);
  if (key != "part") return;
  auto words = split(value, ' ');
  for (auto form : kForms) {
    if (words.size() == 3 && words[0] == to_string(form)) {
      answer.parts[form] = {number(words[1]), words[2]};
    }
  }
}

}  // namespace

std::string to_string(WireForm form) {
  switch (form) {
    case WireForm::raw:
      return "raw";
    case WireForm::gzip:
      return "gzip";
    case WireForm::zstd:
      return "zstd";
  }
  bug("a wire form without a name");
}

std::string ask_store_script(const StorePlace& place, const std::string& nonce) {
  return head(place) + assign("m_nonce", nonce) +
         assign("m_patience", std::to_string(place.patience)) +
         assign("m_stalled", std::to_string(place.stalled)) + shell_text("shell/store_ask") +
         "m_all\n";
}

StoreAnswer parse_store_answer(std::string_view text, const std::string& nonce) {
  StoreAnswer answer;
  bool whole = read_answer(text, nonce, [&](const std::string& key, const std::string& value) {
    take(answer, key, value);
  });
  if (!whole) throw Error("the node did not say what its store has");
  return answer;
}

std::string receive_script(const Receive& receive) {
  return head(receive.place) + assign("m_form", to_string(receive.form)) +
         assign("m_total", std::to_string(receive.total)) +
         assign("m_offset", std::to_string(receive.offset)) + shell_text("shell/store_receive") +
         "m_all\n";
}

std::string fetch_script(const StorePlace& place, const std::string& url, int seconds) {
  return head(place) + assign("m_url", url) + assign("m_seconds", std::to_string(seconds)) +
         shell_text("shell/store_fetch") + "m_all\n";
}

std::string from_stdin(const std::string& shell, const std::string& script) {
  return shell + " -c 'eval \"$(dd bs=1 count=" + std::to_string(script.size()) +
         " 2>/dev/null)\"'";
}

}  // namespace muster
