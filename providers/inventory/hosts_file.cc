#include "providers/inventory/hosts_file.h"

#include <utility>

namespace muster {

namespace {

namespace fs = std::filesystem;

HostsFile::Version version_of(const std::string& name) {
  HostsFile::Version version;
  std::error_code missing;
  for (const auto& file : host_files_in(name)) {
    version.emplace_back(file, fs::last_write_time(file, missing), fs::file_size(file, missing));
  }
  return version;
}

}  // namespace

const Host* HostsFile::find_name(const std::string& host) const {
  auto found = by_name.find(host);
  return found == by_name.end() ? nullptr : &hosts[found->second];
}

const Host* HostsFile::find_place(const std::string& place) const {
  auto found = by_place.find(place);
  return found == by_place.end() ? nullptr : &hosts[found->second];
}

bool is_current(const HostsFile& file) {
  std::error_code failure;
  return fs::exists(file.name, failure) && version_of(file.name) == file.version;
}

std::shared_ptr<const HostsFile> read_hosts_file(const std::string& name) {
  auto file = std::make_shared<HostsFile>();
  file->name = name;
  file->source = fs::absolute(name).lexically_normal().string();
  file->version = version_of(name);
  auto read = read_host_files(name);
  file->mistakes = std::move(read.mistakes);
  file->hosts = std::move(read.hosts);
  for (std::size_t i = 0; i < file->hosts.size(); ++i) {
    file->places.push_back(place_of(file->hosts[i].endpoint));
    file->by_name[file->hosts[i].name] = i;
    file->by_place[file->places.back()] = i;
  }
  return file;
}

}  // namespace muster
