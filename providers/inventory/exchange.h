#pragma once

#include <cstddef>
#include <optional>
#include <vector>

namespace muster {

/// Gives hosts to wants that have none, by moving others to hosts that fit them too: as many wants
/// as can have a host have one after (augmenting paths). `fitting[k]`: the hosts that are free for
/// wants of kind k; `kind_of[w]`: of want w; `given[w]`: its host.
void exchange_hosts(std::size_t hosts, const std::vector<std::vector<std::size_t>>& fitting,
                    const std::vector<std::size_t>& kind_of,
                    std::vector<std::optional<std::size_t>>& given);

}  // namespace muster
