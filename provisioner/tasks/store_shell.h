#pragma once

#include <string_view>

namespace muster {

/// The shell text of store_script.h; each begins with the core.
extern const std::string_view kStoreCore;
extern const std::string_view kStoreAsk;
extern const std::string_view kStoreReceive;
extern const std::string_view kStoreFetch;

}  // namespace muster
