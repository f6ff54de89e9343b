#include "provisioner/base/log.h"

#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/spdlog.h>

namespace muster {

namespace {
std::shared_ptr<spdlog::logger>& logger() {
  static std::shared_ptr<spdlog::logger> instance;
  return instance;
}
}  // namespace

void open_log(const std::filesystem::path& file, bool verbose) {
  logger() = spdlog::basic_logger_mt("muster", file.string());
  logger()->set_level(verbose ? spdlog::level::debug : spdlog::level::info);
  logger()->flush_on(spdlog::level::debug);
}

void log_info(std::string_view message) {
  if (logger()) logger()->info(message);
}

void log_debug(std::string_view message) {
  if (logger()) logger()->debug(message);
}

}  // namespace muster
