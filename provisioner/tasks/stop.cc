#include "provisioner/base/text.h"
#include "provisioner/tasks/compile.h"
#include "provisioner/tasks/shell_text.h"

namespace muster {

std::string stop_script(const std::string& nonce, const NodeLayout& layout) {
  return "m_id=" + fingerprint(nonce) + " m_run_dir=" + shell_quote(layout.run) +
         " m_state=" + shell_quote(layout.state) + shell_text("shell/reset") +
         shell_text("shell/stop");
}

}  // namespace muster
