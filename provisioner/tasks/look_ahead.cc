#include "provisioner/tasks/look_ahead.h"

#include "provisioner/base/text.h"

namespace muster {

namespace {

/// The shell copies the list for each of them.
constexpr int kMostPaths = 200;

}  // namespace

void LookAhead::add(std::size_t number, const std::vector<std::string>& call, std::size_t bytes,
                    const std::string& sha256) {
  bool directory = call[0] == "m_directory";
  bool file = call[0] == "m_file" && !sha256.empty();
  if ((!directory && !file) || paths_ == kMostPaths) return;
  // Programs write such names in ways of their own.
  if (call[1].find_first_of("\n\r\\") != std::string::npos) return;
  ++paths_;
  auto path = shell_quote(call[1]);
  auto id = std::to_string(number);
  auto take = "m_ids=\"$m_ids " + id + "\"; set -- \"$@\" " + path + "; }\n";
  attributes_ += "  m_at_" + id + "= m_same_" + id + "=\n";
  attributes_ += directory ? "  [ ! -d " + path + " ] || { " + take
                           : "  [ ! -f " + path + " ] || [ -L " + path + " ] || { " + take;
  if (file) {
    contents_ += "  ! m_is_size " + id + " " + std::to_string(bytes) +
                 " || { m_sums=\"$m_sums $m_sum_" + id + "\"; " + take;
  }
}

void LookAhead::add_sum(std::size_t number, const std::string& sha256) {
  sums_ += "  m_sum_" + std::to_string(number) + "=" + sha256 + "\n";
}

std::string LookAhead::function() const {
  return "m_look() {\n  m_ids=\n  set --\n" + attributes_ +
         "  m_look_attributes \"$@\"\n  m_ids= m_sums=\n  set --\n" + contents_ +
         "  m_look_contents \"$@\"\n}\n";
}

}  // namespace muster
