#pragma once

#include <filesystem>
#include <functional>
#include <string>

#include "provisioner/http/client.h"

namespace muster {

/// Bounds on every wait, since there are other sources to try; a host that cannot be reached is not
/// waited for again.
HttpRules download_rules();

/// For a text. A Ctrl-C ends it.
HttpRequest text_request(const std::string& url);

/// For a file, after what it holds already. Progress, named `label`, goes to `note`, which must
/// outlive the request.
HttpRequest file_request(const std::string& url, const std::filesystem::path& file,
                         const std::string& label,
                         const std::function<void(const std::string&)>& note);

}  // namespace muster
