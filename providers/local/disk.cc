#include "providers/local/disk.h"

#include <sstream>

#include "providers/local/launch.h"
#include "providers/local/names.h"
#include "provisioner/base/error.h"
#include "provisioner/base/files.h"
#include "provisioner/base/process.h"
#include "provisioner/base/resources.h"
#include "provisioner/base/text.h"

namespace muster {

namespace fs = std::filesystem;

namespace {

std::string name_servers(const std::string& text, bool reachable_only) {
  std::istringstream lines(text);
  std::string out;
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string key, value;
    words >> key >> value;
    bool loopback = value.starts_with("127.") || value == "::1";
    bool wanted = key == "search" || key == "options" || (key == "nameserver" && !loopback);
    if (wanted && (!reachable_only || key == "nameserver")) out += line + "\n";
  }
  return out;
}

std::string text_or_nothing(const fs::path& file) {
  std::error_code failure;
  return fs::exists(file, failure) ? read_file(file) : "";
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

std::string resolv_conf_for_node(const std::string& host_text, const std::string& upstream_text) {
  bool reachable = !name_servers(host_text, true).empty();
  return name_servers(reachable ? host_text : upstream_text, false);
}

std::string make_disk(const LocalNode& node, const fs::path& folder,
                      const std::string& authorized_key) {
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
  write_file(folder / kKeeper, *keeper, 0700);
  auto host_key = make_host_key(upper / "etc/ssh/ssh_host_ed25519_key");
  write_file(upper / "root/.ssh/authorized_keys", trim(authorized_key) + "\n", 0600);
  write_file(upper / "etc/hostname", node.name + "\n");
  auto names =
      node.fqdn.empty() || node.fqdn == node.name ? node.name : node.fqdn + " " + node.name;
  write_file(upper / "etc/hosts",
             "127.0.0.1 localhost\n::1 localhost ip6-localhost ip6-loopback\n" + node.address +
                 " " + names + "\n");
  write_file(upper / "etc/machine-id", local_machine_id(node.id) + "\n");
  // systemd-resolved keeps the real servers here when resolv.conf names only itself.
  write_file(upper / "etc/resolv.conf",
             resolv_conf_for_node(text_or_nothing("/etc/resolv.conf"),
                                  text_or_nothing("/run/systemd/resolve/resolv.conf")));
  return host_key;
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
