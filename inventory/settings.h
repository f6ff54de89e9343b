#pragma once

#include "inventory/cluster.h"

namespace muster {

/// The definition's attribs with every default in place. The definition has been checked.
ClusterSettings settings_of(const Definition& definition);

}  // namespace muster
