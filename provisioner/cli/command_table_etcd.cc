// The commands about etcd.
#include "provisioner/cli/command_table.h"
#include "provisioner/cli/rules.h"

namespace muster {

namespace {

std::string check_restore(const Options& options) {
  return options.from_file.empty() ? "'muster etcd restore' needs '--from FILE'" : "";
}

OptionRule from_option(const std::string& help) {
  return file_option("--from", help, &Options::from_file);
}

OptionRule force_option() {
  return flag("--force", "", "although what is known speaks against it", &Options::force);
}

}  // namespace

void add_etcd_commands(Table& table) {
  table.group("etcd: what Kubernetes knows");
  table.command("etcd status", "the members of a deployment's etcd, as they are now")
      .argument(name_argument(true, "a deployment"))
      .option(output_option({"json"}))
      .example("etcd status cluster01");
  table.command("etcd backup", "save what etcd has into a file")
      .argument(name_argument(true, "a deployment"))
      .option(file_option("--to", "where to; NAME-TIME.db when absent", &Options::out_file))
      .option(output_option({"json"}))
      .example("etcd backup cluster01 --to cluster01.db");
  ArgumentRule snapshot{"SNAPSHOT", "a file that a backup made", WordKind::file, true, false, {}};
  table.command("etcd verify", "see whether a snapshot is whole")
      .argument(snapshot)
      .example("etcd verify cluster01.db");
  table.command("etcd restore", "put a snapshot in place of all that etcd has")
      .argument(name_argument(true, "a deployment"))
      .option(from_option("the snapshot"))
      .option(force_option())
      .option(yes_option())
      .option(events_option())
      .option(trace_option())
      .example("etcd restore cluster01 --from cluster01.db")
      .check(check_restore);
  table.command("recover", "etcd again, of one member, after most were lost for good")
      .argument(name_argument(true, "a deployment"))
      .option(from_option("a snapshot; what a member still has when absent"))
      .option(force_option())
      .option(yes_option())
      .option(events_option())
      .option(trace_option())
      .example("recover cluster01")
      .example("recover cluster01 --from cluster01.db");
}

}  // namespace muster
