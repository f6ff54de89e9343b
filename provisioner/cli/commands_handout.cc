// classroom status, handout: what students have, and what they are given.
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <ostream>
#include <set>

#include "provisioner/base/error.h"
#include "provisioner/base/files.h"
#include "provisioner/base/process.h"
#include "provisioner/classroom/handout.h"
#include "provisioner/classroom/member.h"
#include "provisioner/cli/classroom.h"
#include "provisioner/cli/exit_codes.h"
#include "provisioner/operations/kubeconfig.h"
#include "provisioner/report/table.h"
#include "provisioner/run/bastion_keys.h"
#include "provisioner/run/lease.h"

namespace muster {

namespace {

using Json = nlohmann::ordered_json;
using std::filesystem::path;

bool has_master(const DeploymentRecord& record) {
  return std::ranges::any_of(
      record.nodes, [](const NodeRecord& node) { return node.find_role("k8s-master") != nullptr; });
}

/// A student's cluster, as status shows it.
struct Seat {
  std::string student;
  std::string cluster;
  std::size_t nodes = 0;  ///< wanted
  std::size_t ready = 0;
  std::string state;
  std::string endpoint;
};

/// As the definition says, or else the deployment's name.
std::string student_of(const DeploymentRecord& record) {
  auto member = classroom_member(record.definition_text);
  return member && !member->student.empty() ? member->student : record.name;
}

Seat seat_of(const DeploymentRecord& record, const std::optional<Cluster>& wanted, Store& store,
             std::int64_t now_ms) {
  Seat seat;
  seat.student = student_of(record);
  seat.cluster = record.name;
  seat.nodes = wanted ? wanted->nodes.size() : record.nodes.size();
  seat.ready = static_cast<std::size_t>(
      std::ranges::count(record.nodes, NodeState::ready, &NodeRecord::state));
  bool busy = held_lease(store, record.name, now_ms).has_value();
  seat.state = busy ? "busy" : record.applied ? "applied" : "incomplete";
  if (wanted && has_master(record)) seat.endpoint = api_server(*wanted, record).value_or("");
  return seat;
}

std::string table_of(const std::vector<Seat>& seats) {
  std::vector<std::vector<std::string>> rows;
  for (const auto& seat : seats) {
    rows.push_back({seat.student, seat.cluster,
                    std::to_string(seat.ready) + "/" + std::to_string(seat.nodes), seat.state,
                    seat.endpoint});
  }
  return render_table({"STUDENT", "CLUSTER", "NODES", "STATE", "ENDPOINT"}, rows);
}

Json to_json(const std::vector<Seat>& seats) {
  Json list = Json::array();
  for (const auto& seat : seats) {
    list.push_back({{"student", seat.student},
                    {"cluster", seat.cluster},
                    {"nodes", seat.nodes},
                    {"ready", seat.ready},
                    {"state", seat.state},
                    {"endpoint", seat.endpoint}});
  }
  return list;
}

std::set<std::string> clusters_of(const ClassroomInput& input) {
  std::set<std::string> names;
  for (const auto& made : input.definitions) names.insert(made.definition.name);
  return names;
}

/// Makes the folder that all goes into. In one that others may write to, what they prepared could
/// take the students' keys elsewhere.
void make_outer_folder(const path& folder) {
  make_directory(folder, 0700);
  struct stat info {};
  bool ours = ::stat(folder.c_str(), &info) == 0 && info.st_uid == ::geteuid() &&
              (info.st_mode & (S_IWGRP | S_IWOTH)) == 0;
  if (ours) return;
  throw Error("others may write to '" + folder.string() + "'", ExitCode::usage)
      .hint("name a folder of yours, which is made when it is missing: --out DIR");
}

/// The folder with what is the student's, for nobody else's eyes.
void write_folder(const path& folder, const Cluster& cluster, const DeploymentRecord& record,
                  Store& store) {
  make_directory(folder, 0700);
  std::filesystem::permissions(folder, std::filesystem::perms::owner_all);
  auto write = [&](const char* name, const std::string& text) {
    write_file(folder / name, text, 0600);
  };
  if (cluster.kubernetes) {
    write("kubeconfig", admin_kubeconfig(store, cluster, record).reveal());
  }
  const auto bastions = bastion_keys(store, record);
  write("ssh_config", ssh_config_text(cluster, record, bastions));
  write("known_hosts", known_hosts_text(record, bastions));
  write("README.md", handout_readme(cluster, record));
}

/// A folder in `parent` that nobody else may look into, gone at the end with all in it.
class PrivateFolder {
 public:
  explicit PrivateFolder(const path& parent) {
    auto name = (parent / ".handout.XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) {
      throw Error("cannot write in '" + parent.string() + "': " + std::strerror(errno));
    }
    path_ = name;
  }
  ~PrivateFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  PrivateFolder(const PrivateFolder&) = delete;
  PrivateFolder& operator=(const PrivateFolder&) = delete;

  const path& where() const { return path_; }

 private:
  path path_;
};

void need_zip() {
  try {
    run_or_throw({"zip", "-v"});
  } catch (Error& problem) {
    throw problem.hint("install the program zip (apt install zip), or leave '--zip' out");
  }
}

/// Packs `folder`, whose name it has inside, and replaces `target` by it.
void pack(const path& folder, const path& target) {
  const auto packed = folder.string() + ".zip";
  run_or_throw(
      {"sh", "-c",
       R"(umask 077 && cd -- "$1" && zip -q -X -r "./$2.zip" "./$2" && chmod 600 "./$2.zip")", "sh",
       folder.parent_path().string(), folder.filename().string()});
  std::filesystem::rename(packed, target);
}

struct SeatsOptions {
  ClassroomArguments of;
  std::string output;
};

int run_classroom_status(Context& context, const SeatsOptions& options) {
  const auto name = classroom_name(context, options.of);
  if (name.empty()) return kUsage;
  std::optional<ClassroomInput> input;
  if (!options.of.roster_file.empty() && !(input = read_classroom(context, options.of)))
    return kUsage;
  auto wanted_names = input ? clusters_of(*input) : std::set<std::string>{};
  std::vector<Seat> seats;
  for (const auto& record : classroom_members(context, name)) {
    auto wanted = context.wanted_cluster(record);
    seats.push_back(seat_of(record, wanted, context.store(), context.clock().wall_ms()));
    if (input && wanted_names.erase(record.name) == 0) seats.back().state += ", leaving";
  }
  for (std::size_t i = 0; input && i < input->definitions.size(); ++i) {
    const auto& definition = input->definitions[i].definition;
    if (!wanted_names.contains(definition.name)) continue;
    Diagnostics ignored;  // the next plan tells them
    auto nodes = expand(definition, context.roles(), ignored).nodes.size();
    seats.push_back({input->students[i].id, definition.name, nodes, 0, "missing", ""});
  }
  if (options.output == "json") {
    context.out() << Json{{"classroom", name}, {"students", to_json(seats)}}.dump(2) << "\n";
  } else if (seats.empty()) {
    context.talk() << "muster: the classroom '" << name << "' has no clusters\n";
  } else {
    context.out() << table_of(seats);
  }
  return kDone;
}

struct HandoutOptions {
  ClassroomArguments of;
  path out;
  bool zip = false;
};

std::string check_handout(const HandoutOptions& options) {
  auto problem = check_classroom("classroom handout", options.of);
  return problem.empty() && options.out.empty() ? "'muster classroom handout' needs '--out DIR'"
                                                : problem;
}

int run_classroom_handout(Context& context, const HandoutOptions& options) {
  const auto name = classroom_name(context, options.of);
  if (name.empty()) return kUsage;
  std::optional<ClassroomInput> input;
  if (!options.of.roster_file.empty() && !(input = read_classroom(context, options.of)))
    return kUsage;
  auto expected = input ? clusters_of(*input) : std::set<std::string>{};
  const auto& out = options.out;
  if (options.zip) need_zip();
  make_outer_folder(out);
  std::optional<PrivateFolder> unpacked;
  if (options.zip) unpacked.emplace(out);
  std::vector<std::string> left_out;
  std::size_t written = 0;
  for (const auto& record : classroom_members(context, name)) {
    if (input && expected.erase(record.name) == 0) continue;  // leaving
    auto cluster = context.wanted_cluster(record);
    if (!cluster || !record.applied) {
      left_out.push_back("'" + record.name + "' is not complete; see: muster status " +
                         record.name);
      continue;
    }
    const auto student = student_of(record);
    write_folder((unpacked ? unpacked->where() : out) / student, *cluster, record, context.store());
    if (unpacked) pack(unpacked->where() / student, out / (student + ".zip"));
    ++written;
  }
  for (const auto& cluster : expected) left_out.push_back("there is no '" + cluster + "' yet");
  for (const auto& why : left_out) context.talk() << "muster: left out: " << why << "\n";
  context.talk() << "muster: " << written << (options.zip ? " zip file" : " folder")
                 << (written == 1 ? "" : "s") << " in " << typed(out.string()) << "\n";
  return left_out.empty() ? kDone : kFailed;
}

}  // namespace

void add_handout_commands(Table& table) {
  table.group(Group::classrooms, 1);
  auto status = table.command("classroom status", "the students' clusters", run_classroom_status);
  status
      .takes(classroom_argument(status->of), template_option(status->of), roster_option(status->of),
             set_option(status->of.overrides), output_option({"json"}, status->output))
      .example("classroom status lab")
      .check([](const SeatsOptions& o) { return check_classroom("classroom status", o.of); });
  auto handout = table.command("classroom handout", "write what each student needs to begin",
                               run_classroom_handout);
  handout
      .takes(classroom_argument(handout->of), template_option(handout->of),
             roster_option(handout->of), set_option(handout->of.overrides),
             option("--out DIR", "where: a folder for each student", handout->out),
             flag("--zip", "a zip file for each student instead", handout->zip))
      .example("classroom handout lab --out handout")
      .check(check_handout);
}

}  // namespace muster
