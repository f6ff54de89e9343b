#include "provisioner/cli/tenant_input.h"

#include "provisioner/cli/record_reader.h"

namespace muster {

TenantInput parse_tenant(const JsonArgument& argument, bool needs_name) {
  TenantInput input;
  RecordReader reader(argument, RecordReader::Holds::no_secrets);
  if (reader.good()) {
    reader.allow(reader.root(), {"name", "description", "quotas", "parent", "parent_id"});
    reader.ignore("parent", "tenants have no parents");
    reader.ignore("parent_id", "tenants have no parents");
    input.name = reader.name(needs_name);
    input.description = reader.text("description");
    if (const auto* quotas = reader.member(reader.root(), "quotas", Value::Kind::object)) {
      reader.allow(*quotas, {"nodes", "deployments"});
      input.max_nodes = reader.limit(*quotas, "nodes");
      input.max_deployments = reader.limit(*quotas, "deployments");
    }
  }
  input.diagnostics = reader.take();
  return input;
}

}  // namespace muster
