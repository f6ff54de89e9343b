#pragma once

#include <string>
#include <string_view>

namespace muster {

/// Shell text of the binary: functions called m_..., of the file provisioner/tasks/<name>.sh. The
/// file's head, the comment above its first empty line, stays here; the text begins with that line.
/// Aborts when there is no such file.
std::string shell_text(std::string_view name);

}  // namespace muster
