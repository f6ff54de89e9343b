// Which files an Ansible inventory has: itself, or those of a folder, and the variables beside it.
#include <unistd.h>

#include <algorithm>
#include <set>

#include "provisioner/base/error.h"
#include "provisioner/base/files.h"
#include "provisioner/base/text.h"
#include "provisioner/import/ansible_inventory.h"
#include "provisioner/import/secrets.h"
#include "provisioner/import/yaml.h"

namespace muster {

namespace {

namespace fs = std::filesystem;

constexpr std::uintmax_t kMostBytes = 16u << 20;
constexpr const char* kVault = "$ANSIBLE_VAULT";

bool is_yaml(const fs::path& file) {
  auto ending = file.extension();
  return ending == ".yaml" || ending == ".yml" || ending == ".json";
}

/// A file without an ending is YAML when its first line that says something is a key or "---".
bool looks_like_yaml(std::string_view text) {
  for (const auto& line : split(text, '\n')) {
    auto words = trim(line);
    if (words.empty() || words[0] == '#' || words[0] == ';') continue;
    return words == "---" || words.ends_with(':') || words[0] == '{';
  }
  return false;
}

std::vector<fs::path> entries_of(const fs::path& folder) {
  std::vector<fs::path> found;
  std::error_code failure;
  for (fs::directory_iterator at(folder, failure), end; !failure && at != end;
       at.increment(failure)) {
    auto name = at->path().filename().string();
    if (!name.starts_with('.') && !name.ends_with('~')) found.push_back(at->path());
  }
  std::sort(found.begin(), found.end());
  return found;
}

class FilesReader {
 public:
  AnsibleInventoryResult read(const fs::path& path) {
    std::error_code failure;
    bool folder = fs::is_directory(path, failure);
    auto& inventory = result_.inventory;
    inventory.folder = folder ? path : path.parent_path();
    if (inventory.folder.empty()) inventory.folder = ".";
    if (folder) {
      read_folder(path);
    } else {
      read_inventory(path);
    }
    if (inventory.files.empty() && result_.mistakes.empty()) {
      complain(path.string() + ": error: the folder has no inventory",
               "name the inventory's file, or the folder with hosts.yaml or inventory.ini");
    }
    read_vars_folder(inventory.folder / "group_vars", inventory.group_files);
    read_vars_folder(inventory.folder / "host_vars", inventory.host_files);
    find_encrypted();
    find_circles();
    return std::move(result_);
  }

 private:
  /// What Ansible takes of a folder, but for folders in it.
  void read_folder(const fs::path& folder) {
    static const std::set<std::string> kOthers{".cfg", ".orig", ".bak", ".retry",
                                               ".pyc", ".pyo",  ".md",  ".txt",
                                               ".py",  ".sh",   ".tf",  ".tfvars"};
    for (const auto& file : entries_of(folder)) {
      std::error_code failure;
      if (!fs::is_regular_file(file, failure)) continue;
      if (kOthers.contains(file.extension().string())) {
        result_.inventory.passed_over.push_back(file.string() + ": it is no INI and no YAML");
      } else {
        read_inventory(file);
      }
    }
  }

  void read_inventory(const fs::path& file) {
    std::string text;
    if (!read_text(file, text)) return;
    if (text.starts_with("#!")) {
      complain(file.string() + ": error: this is a program that makes an inventory",
               "import what it says: ansible-inventory -i " + file.string() +
                   " --list --yaml > hosts.yaml");
      return;
    }
    result_.inventory.files.push_back(file.string());
    if (text.starts_with(kVault)) {
      complain(file.string() + ": error: Ansible Vault has encrypted the inventory",
               "import what 'ansible-vault decrypt --output hosts.yaml " + file.string() +
                   "' makes of it");
      return;
    }
    Diagnostics diagnostics(file.string(), showable(text));
    bool yaml = is_yaml(file) || (file.extension().empty() && looks_like_yaml(text));
    (yaml ? read_yaml_inventory : read_ini_inventory)(text, result_.inventory, diagnostics);
    keep(diagnostics);
  }

  /// NAME, NAME.yml, or a folder NAME with files: all of it is of the group or host NAME.
  void read_vars_folder(const fs::path& folder, std::map<std::string, AnsibleVars>& vars) {
    for (const auto& entry : entries_of(folder)) {
      std::error_code failure;
      if (fs::is_directory(entry, failure)) {
        read_vars_below(entry, vars[entry.filename().string()], 0);
      } else {
        auto name = is_yaml(entry) ? entry.stem() : entry.filename();
        read_vars(entry, vars[name.string()]);
      }
    }
  }

  void read_vars_below(const fs::path& folder, AnsibleVars& vars, int depth) {
    for (const auto& entry : entries_of(folder)) {
      std::error_code failure;
      if (!fs::is_directory(entry, failure)) {
        read_vars(entry, vars);
      } else if (depth < 8) {
        read_vars_below(entry, vars, depth + 1);
      }
    }
  }

  void read_vars(const fs::path& file, AnsibleVars& vars) {
    if (!is_yaml(file) && !file.extension().empty()) {
      result_.inventory.passed_over.push_back(file.string() + ": it is no YAML");
      return;
    }
    std::string text;
    if (!read_text(file, text)) return;
    result_.inventory.files.push_back(file.string());
    if (text.starts_with(kVault)) {
      result_.inventory.encrypted.push_back(file.string());
      return;
    }
    Diagnostics diagnostics(file.string(), showable(text));
    auto root = read_ansible_yaml(text, diagnostics);
    if (!root.is_object() && root.kind != Value::Kind::null) {
      diagnostics.error(root.at, "variables are an object, not " + describe(root.kind),
                        "e.g. \"kube_pods_subnet: 10.233.64.0/18\"");
    }
    for (auto& member : root.members) vars[member.key] = std::move(member.value);
    keep(diagnostics);
  }

  bool read_text(const fs::path& file, std::string& text) {
    try {
      text = read_file(file, kMostBytes);
      if (text.starts_with("\xEF\xBB\xBF")) text.erase(0, 3);
      return true;
    } catch (const Error& problem) {
      complain(file.string() + ": error: " + problem.what(), "");
      return false;
    }
  }

  void keep(const Diagnostics& diagnostics) {
    auto text = trim(diagnostics.render());
    if (text.empty()) return;
    auto& kept = diagnostics.has_errors() ? result_.mistakes : result_.warnings;
    kept += (kept.empty() ? "" : "\n") + text;
  }

  void complain(const std::string& message, const std::string& hint) {
    auto& mistakes = result_.mistakes;
    mistakes += (mistakes.empty() ? "" : "\n") + message + (hint.empty() ? "" : "\n  " + hint);
  }

  /// A variable whose value is a text of Vault's becomes null: nobody can use it.
  void find_encrypted() {
    auto& inventory = result_.inventory;
    auto look = [&](AnsibleVars& vars) {
      for (auto& [name, value] : vars) {
        if (!value.is_string() || !value.text.starts_with(kVault)) continue;
        value = {};
        inventory.encrypted.push_back(name);
      }
    };
    for (auto& [name, vars] : inventory.group_files) look(vars);
    for (auto& [name, vars] : inventory.host_files) look(vars);
    for (const auto& group : inventory.groups()) look(inventory.group(group.name).vars);
    for (const auto& host : inventory.hosts()) look(inventory.host(host));
  }

  void find_circles() {
    for (const auto& group : result_.inventory.groups()) {
      if (!result_.inventory.contains_itself(group.name)) continue;
      complain("error: the group '" + group.name + "' is among its own children",
               "take it out of one of them");
      return;
    }
  }

  AnsibleInventoryResult result_;
};

}  // namespace

AnsibleInventoryResult read_ansible_inventory(const fs::path& path) {
  return FilesReader().read(path);
}

}  // namespace muster
