#include "provisioner/artifacts/downloads.h"

#include "provisioner/base/process.h"

namespace muster {

HttpRules download_rules() {
  HttpRules rules;
  rules.way.connect = std::chrono::seconds(5);
  rules.way.stall = std::chrono::seconds(30);
  rules.way.redirects = 10;
  rules.retries.busy_for = std::chrono::seconds(20);
  rules.retries.first_pause = std::chrono::milliseconds(250);
  rules.retries.longest_pause = std::chrono::seconds(10);
  rules.limits.give_up = true;
  return rules;
}

HttpRequest text_request(const std::string& url) {
  HttpRequest request;
  request.url = url;
  request.stop = interruption();
  return request;
}

HttpRequest file_request(const std::string& url, const std::filesystem::path& file,
                         const std::string& label,
                         const std::function<void(const std::string&)>& note) {
  auto request = text_request(url);
  request.file = file;
  request.deadline = std::chrono::milliseconds(0);
  request.progress = [label, &note](std::uintmax_t now, std::uintmax_t total) {
    auto megabytes = [](std::uintmax_t bytes) { return std::to_string(bytes / 1'000'000); };
    note(label + ": " + megabytes(now) + (total > 0 ? " of " + megabytes(total) : "") + " MB");
  };
  return request;
}

}  // namespace muster
