#include "providers/local/disk.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "providers/local/launch.h"
#include "providers/local/name_servers.h"
#include "providers/local/names.h"
#include "providers/local/network.h"
#include "provisioner/base/error.h"
#include "provisioner/base/files.h"
#include "provisioner/base/process.h"
#include "provisioner/base/resources.h"
#include "provisioner/base/text.h"

namespace muster {

namespace fs = std::filesystem;

namespace {

std::string text_or_nothing(const fs::path& file) {
  std::error_code failure;
  return fs::exists(file, failure) ? read_file(file) : "";
}

/// Not synced: sync_disk does that for all files at once, when nobody has to wait for it.
void plant(const fs::path& path, std::string_view text, mode_t mode = 0644) {
  int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
  bool good = fd >= 0 && ::fchmod(fd, mode) == 0 &&
              ::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  int error = errno;
  if (fd >= 0) ::close(fd);
  if (!good) throw Error("cannot write '" + path.string() + "': " + std::strerror(error));
}

std::string host_resolv_conf() {
  // systemd-resolved keeps the real servers in its own file when resolv.conf names only itself.
  return resolv_conf_for_node(text_or_nothing("/etc/resolv.conf"),
                              text_or_nothing("/run/systemd/resolve/resolv.conf"),
                              host_addresses());
}

std::string make_host_key(const fs::path& file) {
  run_or_throw({"ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", file.string()});
  return trim(read_file(file.string() + ".pub"));
}

std::string escaped(const fs::path& path) {
  std::string out;
  for (char c : path.string()) {
    if (c == ':' || c == ',' || c == '\\') out += '\\';
    out += c;
  }
  return out;
}

}  // namespace

std::string make_disk(const LocalNode& node, const fs::path& folder,
                      const std::string& authorized_key) {
  make_directory(folder.parent_path(), 0700);
  make_directory(folder, 0700);
  auto upper = folder / "upper";
  // The last three are bound into the node: an overlay cannot lie on an overlay, and etcd syncs.
  for (const char* name : {"upper", "work", "root", "containerd", "kubelet", "etcd"}) {
    make_directory(folder / name, 0755);
  }
  make_directory(upper / "etc", 0755);
  make_directory(upper / "etc/ssh", 0755);
  make_directory(upper / "root", 0700);
  make_directory(upper / "root/.ssh", 0700);

  auto keeper = find_resource("providers/local/keep-node.sh");
  if (!keeper) bug("the script that keeps a node running is not in the binary");
  plant(folder / kKeeper, *keeper, 0700);
  plant(upper / "root/.ssh/authorized_keys", trim(authorized_key) + "\n", 0600);
  plant(upper / "etc/hostname", node.name + "\n");
  auto names =
      node.fqdn.empty() || node.fqdn == node.name ? node.name : node.fqdn + " " + node.name;
  plant(upper / "etc/hosts", "127.0.0.1 localhost\n::1 localhost ip6-localhost ip6-loopback\n" +
                                 node.address + " " + names + "\n");
  plant(upper / "etc/machine-id", local_machine_id(node.id) + "\n");
  plant(upper / "etc/resolv.conf", node.internet ? host_resolv_conf() : "");
  return make_host_key(upper / "etc/ssh/ssh_host_ed25519_key");
}

void sync_disk(const fs::path& folder) {
  auto upper = folder / "upper";
  for (const auto& file :
       {folder / kKeeper, upper / "root/.ssh/authorized_keys", upper / "etc/hostname",
        upper / "etc/hosts", upper / "etc/machine-id", upper / "etc/resolv.conf",
        upper / "etc/ssh/ssh_host_ed25519_key", upper / "etc/ssh/ssh_host_ed25519_key.pub"}) {
    int fd = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
    bool good = fd >= 0 && ::fsync(fd) == 0;
    int error = errno;
    if (fd >= 0) ::close(fd);
    if (!good) throw Error("cannot sync '" + file.string() + "': " + std::strerror(error));
  }
}

void remove_disk(const fs::path& folder) {
  std::error_code failure;
  fs::remove_all(folder, failure);
  if (failure) {
    throw Error("cannot remove '" + folder.string() + "': " + failure.message())
        .hint("see what holds it ('fuser -vm', 'mount'), then destroy the node again");
  }
}

std::string overlay_options(const fs::path& image, const fs::path& folder) {
  return "lowerdir=" + escaped(image) + ",upperdir=" + escaped(folder / "upper") +
         ",workdir=" + escaped(folder / "work");
}

}  // namespace muster
