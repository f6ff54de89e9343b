#include "provisioner/definition/role.h"

#include <algorithm>
#include <set>

#include "provisioner/base/error.h"
#include "provisioner/base/files.h"
#include "provisioner/base/resources.h"
#include "provisioner/base/text.h"
#include "provisioner/definition/role_reader.h"

namespace muster {

namespace fs = std::filesystem;

namespace {

constexpr const char* kRoleFile = "role.yaml";

/// Changes with all that the role's tasks are made of.
std::string fingerprint_of(const Role& role, const std::string& text,
                           const std::vector<fs::path>& directories) {
  std::set<std::string> templates;
  for (const auto* tasks : {&role.tasks, &role.handlers, &role.undo}) {
    for (const auto& task : *tasks) {
      const auto* name = task.args.find("template");
      if (name != nullptr && name->is_string()) templates.insert(name->text);
    }
  }
  auto all = text;
  for (const auto& name : templates) {
    try {
      all += '\0' + name + '\0' + load_template(directories, name);
    } catch (Error& error) {
      throw error.while_doing("reading the role '" + role.name + "' (" + role.file + ")");
    }
  }
  return fingerprint(all);
}

Role load_role(const std::string& folder, const std::string& file, const std::string& text,
               const std::vector<fs::path>& directories) {
  auto role = parse_role(file, text);
  if (role.name != folder) {
    throw Error(file + ": the role is called '" + role.name + "', its folder '" + folder + "'",
                ExitCode::usage)
        .hint("give both the same name");
  }
  role.fingerprint = fingerprint_of(role, text, directories);
  return role;
}

std::vector<fs::path> role_folders(const fs::path& directory) {
  std::vector<fs::path> folders;
  std::error_code failure;
  for (fs::directory_iterator at(directory / "roles", failure), end; !failure && at != end;
       at.increment(failure)) {
    if (fs::exists(at->path() / kRoleFile)) folders.push_back(at->path());
  }
  if (failure) {
    throw Error(
        "cannot read roles from '" + (directory / "roles").string() + "': " + failure.message(),
        ExitCode::usage)
        .hint("--roles names a directory that holds roles/<name>/role.yaml");
  }
  std::ranges::sort(folders);
  return folders;
}

Role& named(std::vector<Role>& roles, const Role& by, const std::string& name) {
  auto found = std::ranges::find(roles, name, &Role::name);
  if (found != roles.end()) return *found;
  std::vector<std::string> names;
  for (const auto& role : roles) names.push_back(role.name);
  Error error(by.file + ": there is no role '" + name + "'", ExitCode::usage);
  if (auto near = nearest(name, names)) error.hint("did you mean '" + *near + "'?");
  throw error;
}

/// Roles that are named must exist: a slip would silently order nothing.
void link_roles(std::vector<Role>& roles) {
  for (const auto& role : roles) {
    for (const auto* list : {&role.needs, &role.after, &role.after_one, &role.after_tried}) {
      for (const auto& name : *list) named(roles, role, name);
    }
    for (const auto& name : role.before) named(roles, role, name).follows.push_back(role.name);
  }
}

}  // namespace

std::vector<Role> load_roles(const std::vector<fs::path>& directories) {
  std::vector<Role> roles;
  for (const auto& directory : directories) {
    for (const auto& folder : role_folders(directory)) {
      auto name = folder.filename().string();
      if (find_role(roles, name) != nullptr) continue;
      auto file = folder / kRoleFile;
      roles.push_back(load_role(name, file.string(), read_file(file), directories));
    }
  }
  for (const auto& resource : resources()) {
    auto parts = split(resource.path, '/');
    if (parts.size() != 3 || parts[0] != "roles" || parts[2] != kRoleFile) continue;
    if (find_role(roles, parts[1]) != nullptr) continue;
    roles.push_back(load_role(parts[1], std::string(resource.path), std::string(resource.content),
                              directories));
  }
  link_roles(roles);
  return roles;
}

const Role* find_role(const std::vector<Role>& roles, const std::string& name) {
  auto found = std::ranges::find(roles, name, &Role::name);
  return found == roles.end() ? nullptr : &*found;
}

std::string load_template(const std::vector<fs::path>& directories, const std::string& name) {
  for (const auto& directory : directories) {
    auto file = directory / "templates" / name;
    if (fs::exists(file)) return read_file(file);
  }
  if (auto built_in = find_resource("templates/" + name)) return std::string(*built_in);
  throw Error("there is no template '" + name + "'", ExitCode::usage)
      .hint("templates are files below templates/, named like 'etcd/etcd.service'");
}

}  // namespace muster
