#include "inventory/record.h"

#include "provisioner/base/error.h"

namespace muster {

std::string to_string(NodeState state) {
  switch (state) {
    case NodeState::creating:
      return "creating";
    case NodeState::ready:
      return "ready";
    case NodeState::destroying:
      return "destroying";
    case NodeState::lost:
      return "lost";
    case NodeState::off:
      return "off";
    case NodeState::half_made:
      return "half made";
  }
  bug("a node state without a name");
}

}  // namespace muster
