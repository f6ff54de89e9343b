#include "provisioner/state/store.h"

#include <pwd.h>
#include <unistd.h>

#include <array>
#include <utility>

#include "provisioner/base/error.h"
#include "provisioner/base/text.h"
#include "provisioner/state/sql.h"
#include "provisioner/state/sqlite_store.h"

namespace muster {

namespace {

constexpr std::array kNodeStates = {"creating", "ready", "destroying"};

NodeState parse_node_state(const std::string& text) {
  for (std::size_t i = 0; i < kNodeStates.size(); ++i) {
    if (text == kNodeStates[i]) return static_cast<NodeState>(i);
  }
  throw Error("the state holds a node in the unknown state '" + text + "'", ExitCode::locked)
      .hint("use the muster that wrote it");
}

std::string user_name() {
  std::array<char, 4096> buffer{};
  passwd entry{};
  passwd* found = nullptr;
  ::getpwuid_r(::geteuid(), &entry, buffer.data(), buffer.size(), &found);
  return found != nullptr ? found->pw_name : std::to_string(::geteuid());
}

NodeRecord read_node(const SQLite::Statement& row) {
  NodeRecord node;
  node.name = row.getColumn("name").getString();
  node.provider = row.getColumn("provider").getString();
  node.provider_kind = row.getColumn("provider_kind").getString();
  node.token = row.getColumn("token").getString();
  node.handle = row.getColumn("handle").getString();
  node.state = parse_node_state(row.getColumn("state").getString());
  node.endpoint.address = row.getColumn("address").getString();
  node.endpoint.port = row.getColumn("port").getInt();
  node.endpoint.user = row.getColumn("user").getString();
  node.endpoint.host_key = row.getColumn("host_key").getString();
  node.endpoint.identity = row.getColumn("identity").getString();
  node.endpoint.bastion = row.getColumn("bastion").getString();
  node.endpoint.cluster_address = row.getColumn("cluster_address").getString();
  node.pod_cidr = row.getColumn("pod_cidr").getString();
  auto wanted = row.getColumn("wanted_roles").getString();
  if (!wanted.empty()) node.wanted_roles = split(wanted, '\n');
  return node;
}

std::vector<NodeRecord> read_nodes(SQLite::Database& db, const std::string& deployment) {
  std::vector<NodeRecord> nodes;
  std::map<std::string, std::vector<RoleRecord>> roles;
  query(
      db, "SELECT node, role, fingerprint FROM roles WHERE deployment = ? ORDER BY rowid",
      [&](const SQLite::Statement& row) {
        roles[row.getColumn(0).getString()].push_back(
            {row.getColumn(1).getString(), row.getColumn(2).getString()});
      },
      deployment);
  query(
      db,
      "SELECT *, coalesce((SELECT kind FROM providers WHERE providers.name = nodes.provider), '')"
      " AS provider_kind FROM nodes WHERE deployment = ? ORDER BY rowid",
      [&](const SQLite::Statement& row) {
        nodes.push_back(read_node(row));
        nodes.back().roles = std::move(roles[nodes.back().name]);
      },
      deployment);
  return nodes;
}

CertificateOrder read_certificates(SQLite::Database& db, const std::string& deployment) {
  CertificateOrder order;
  query(
      db,
      "SELECT generation, done, renewed, rotations, phase FROM certificates WHERE deployment = ?",
      [&](const SQLite::Statement& row) {
        order.generation = row.getColumn(0).getInt();
        order.done = row.getColumn(1).getInt();
        order.renewed = row.getColumn(2).getInt();
        order.rotations = row.getColumn(3).getInt();
        order.phase = static_cast<RotationPhase>(row.getColumn(4).getInt());
      },
      deployment);
  return order;
}

/// "NAME=VALUE", one a line.
std::string as_lines(const std::map<std::string, std::string>& defaults) {
  std::string lines;
  for (const auto& [name, value] : defaults) lines += name + "=" + value + "\n";
  return lines;
}

std::map<std::string, std::string> defaults_in(const std::string& lines) {
  std::map<std::string, std::string> defaults;
  for (const auto& line : split(lines, '\n')) {
    auto mark = line.find('=');
    if (mark != std::string::npos) defaults[line.substr(0, mark)] = line.substr(mark + 1);
  }
  return defaults;
}

std::optional<DeploymentRecord> read_deployment(SQLite::Database& db, const std::string& name) {
  std::optional<DeploymentRecord> found;
  query(
      db,
      "SELECT d.name, tenant, d.revision, applied, definition_file, definition_text, undo_to,"
      " (SELECT id FROM deployment_ids WHERE deployment = d.name), expires_ms, definition_defaults,"
      " wanted_nodes FROM deployments d JOIN revisions r ON r.deployment = d.name AND r.revision = "
      "d.revision"
      " WHERE d.name = ?",
      [&](const SQLite::Statement& row) {
        auto& record = found.emplace();
        record.name = row.getColumn(0).getString();
        record.tenant = row.getColumn(1).getString();
        record.revision = row.getColumn(2).getInt();
        record.applied = row.getColumn(3).getInt() != 0;
        record.definition_file = row.getColumn(4).getString();
        record.definition_text = row.getColumn(5).getString();
        if (int undo_to = row.getColumn(6).getInt(); undo_to >= 0) record.undo_to = undo_to;
        record.id = row.getColumn(7).getInt64();
        record.expires_ms = row.getColumn(8).getInt64();
        record.definition_defaults = defaults_in(row.getColumn(9).getString());
        record.wanted_nodes = row.getColumn(10).getInt();
      },
      name);
  if (!found) return found;
  found->nodes = read_nodes(db, name);
  found->certificates = read_certificates(db, name);
  return found;
}

std::string quoted(const std::string& name) { return "'" + name + "'"; }

}  // namespace

std::unique_ptr<Store> open_store(const std::filesystem::path& directory, const Clock& clock) {
  return std::make_unique<SqliteStore>(directory, clock);
}

std::unique_ptr<Store> open_store(const std::filesystem::path& directory) {
  static const RealClock kClock;
  return open_store(directory, kClock);
}

SqliteStore::SqliteStore(const std::filesystem::path& directory, const Clock& clock)
    : database_(directory), clock_(clock) {
  id_ = database_.read("opening the state", [](SQLite::Database& db) {
    return db.execAndGet("SELECT value FROM meta WHERE key = 'id'").getString();
  });
}

void SqliteStore::write(const std::string& deployment, const std::string& what,
                        const std::function<void(SQLite::Database&)>& body) {
  database_.write(what, [&](SQLite::Database& db) {
    refuse_without_lease(db, deployment);
    body(db);
  });
}

std::vector<DeploymentRecord> SqliteStore::deployments() {
  return database_.read("reading the deployments", [](SQLite::Database& db) {
    std::vector<std::string> names;
    query(db, "SELECT name FROM deployments ORDER BY name",
          [&](const SQLite::Statement& row) { names.push_back(row.getColumn(0).getString()); });
    std::vector<DeploymentRecord> records;
    for (const auto& name : names) records.push_back(read_deployment(db, name).value());
    return records;
  });
}

std::optional<DeploymentRecord> SqliteStore::deployment(const std::string& name) {
  return database_.read("reading the deployment " + quoted(name),
                        [&](SQLite::Database& db) { return read_deployment(db, name); });
}

std::vector<DeploymentSize> SqliteStore::deployment_sizes() {
  return database_.read("reading the sizes of the deployments", [](SQLite::Database& db) {
    std::vector<DeploymentSize> sizes;
    query(db,
          "SELECT d.name, tenant, (SELECT count(*) FROM nodes n WHERE n.deployment = d.name),"
          " wanted_nodes FROM deployments d JOIN revisions r ON r.deployment = d.name AND"
          " r.revision = d.revision ORDER BY d.name",
          [&](const SQLite::Statement& row) {
            sizes.push_back({row.getColumn(0).getString(), row.getColumn(1).getString(),
                             row.getColumn(2).getInt(), row.getColumn(3).getInt()});
          });
    return sizes;
  });
}

int SqliteStore::begin_revision(const DeploymentRecord& record, const std::string& command) {
  auto user = user_name();
  auto now = clock_.wall_ms();
  int revision = 1;
  write(record.name, "recording the deployment " + quoted(record.name), [&](SQLite::Database& db) {
    query(
        db, "SELECT coalesce(max(revision), 0) + 1 FROM revisions WHERE deployment = ?",
        [&](const SQLite::Statement& row) { revision = row.getColumn(0).getInt(); }, record.name);
    execute(db,
            "INSERT INTO revisions (deployment, revision, definition_file, definition_text,"
            " definition_defaults, wanted_nodes, created_ms, user, command)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            record.name, revision, record.definition_file, record.definition_text,
            as_lines(record.definition_defaults), record.wanted_nodes, now, user, command);
    execute(db,
            "INSERT INTO deployments (name, tenant, revision, applied, undo_to)"
            " VALUES (?, ?, ?, 0, ?) ON CONFLICT (name) DO UPDATE SET tenant = excluded.tenant,"
            " revision = excluded.revision, applied = 0, undo_to = excluded.undo_to",
            record.name, record.tenant, revision, record.undo_to.value_or(-1));
    // Not "or ignore", which uses up an id where it ignores.
    execute(db,
            "INSERT INTO deployment_ids (deployment) SELECT ?1 WHERE NOT EXISTS"
            " (SELECT 1 FROM deployment_ids WHERE deployment = ?1)",
            record.name);
    execute(db,
            "INSERT INTO tenants (name, description, max_nodes, max_deployments, created_ms)"
            " SELECT ?1, '', 0, 0, ?2 WHERE NOT EXISTS (SELECT 1 FROM tenants WHERE name = ?1)",
            record.tenant, now);
  });
  return revision;
}

void SqliteStore::mark_applied(const std::string& deployment, bool applied) {
  write(deployment, "recording the deployment " + quoted(deployment), [&](SQLite::Database& db) {
    execute(db, "UPDATE deployments SET applied = ? WHERE name = ?", applied ? 1 : 0, deployment);
    if (!applied) return;
    execute(db, "UPDATE deployments SET undo_to = -1 WHERE name = ?", deployment);
    execute(db,
            "UPDATE revisions SET applied_ms = ? WHERE deployment = ? AND applied_ms = 0 AND"
            " revision = (SELECT revision FROM deployments WHERE name = ?)",
            clock_.wall_ms(), deployment, deployment);
  });
}

void SqliteStore::mark_undo(const std::string& deployment, std::optional<int> revision) {
  write(deployment, "recording the deployment " + quoted(deployment), [&](SQLite::Database& db) {
    execute(db, "UPDATE deployments SET undo_to = ? WHERE name = ?", revision.value_or(-1),
            deployment);
  });
}

void SqliteStore::mark_definition(const DeploymentRecord& record) {
  write(record.name, "recording the deployment " + quoted(record.name), [&](SQLite::Database& db) {
    execute(
        db,
        "UPDATE revisions SET definition_defaults = ?, wanted_nodes = ? WHERE deployment = ? AND"
        " revision = (SELECT revision FROM deployments WHERE name = ?)",
        as_lines(record.definition_defaults), record.wanted_nodes, record.name, record.name);
  });
}

void SqliteStore::mark_expiry(const std::string& deployment, std::int64_t expires_ms) {
  write(deployment, "recording the deployment " + quoted(deployment), [&](SQLite::Database& db) {
    execute(db, "UPDATE deployments SET expires_ms = ? WHERE name = ?", expires_ms, deployment);
  });
}

void SqliteStore::mark_certificates(const std::string& deployment, const CertificateOrder& order) {
  write(deployment, "recording the deployment " + quoted(deployment), [&](SQLite::Database& db) {
    execute(db, "INSERT OR REPLACE INTO certificates VALUES (?, ?, ?, ?, ?, ?)", deployment,
            order.generation, order.done, order.renewed, order.rotations,
            static_cast<int>(order.phase));
  });
}

std::vector<RevisionRecord> SqliteStore::revisions(const std::string& deployment) {
  return database_.read("reading the revisions of " + quoted(deployment), [&](SQLite::Database&
                                                                                  db) {
    std::vector<RevisionRecord> revisions;
    query(
        db,
        "SELECT revision, definition_file, definition_text, definition_defaults, created_ms, user,"
        " command, applied_ms FROM revisions WHERE deployment = ? ORDER BY revision",
        [&](const SQLite::Statement& row) {
          revisions.push_back({row.getColumn(0).getInt(), row.getColumn(1).getString(),
                               row.getColumn(2).getString(),
                               defaults_in(row.getColumn(3).getString()),
                               row.getColumn(4).getInt64(), row.getColumn(5).getString(),
                               row.getColumn(6).getString(), row.getColumn(7).getInt64()});
        },
        deployment);
    return revisions;
  });
}

void SqliteStore::forget_deployment(const std::string& name) {
  write(name, "forgetting the deployment " + quoted(name), [&](SQLite::Database& db) {
    execute(db, "DELETE FROM deployments WHERE name = ?", name);
    execute(db, "DELETE FROM secrets WHERE scope = ?", deployment_scope(name));
  });
}

void SqliteStore::put_node(const std::string& deployment, const NodeRecord& node) {
  write(deployment, "recording the node " + quoted(node.name), [&](SQLite::Database& db) {
    execute(db,
            "INSERT INTO nodes (deployment, name, provider, token, handle, state, address, port,"
            " user, host_key, identity, bastion, cluster_address, pod_cidr, wanted_roles)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
            " ON CONFLICT (deployment, name) DO UPDATE SET provider = excluded.provider,"
            " token = excluded.token, handle = excluded.handle, state = excluded.state,"
            " address = excluded.address, port = excluded.port, user = excluded.user,"
            " host_key = excluded.host_key, identity = excluded.identity,"
            " bastion = excluded.bastion, cluster_address = excluded.cluster_address,"
            " pod_cidr = excluded.pod_cidr,"
            " wanted_roles = excluded.wanted_roles",
            deployment, node.name, node.provider, node.token, node.handle,
            kNodeStates.at(static_cast<std::size_t>(node.state)), node.endpoint.address,
            node.endpoint.port, node.endpoint.user, node.endpoint.host_key, node.endpoint.identity,
            node.endpoint.bastion, node.endpoint.cluster_address, node.pod_cidr,
            join(node.wanted_roles, "\n"));
  });
}

void SqliteStore::forget_node(const std::string& deployment, const std::string& node) {
  write(deployment, "forgetting the node " + quoted(node), [&](SQLite::Database& db) {
    execute(db, "DELETE FROM nodes WHERE deployment = ? AND name = ?", deployment, node);
  });
}

void SqliteStore::put_role(const std::string& deployment, const std::string& node,
                           const RoleRecord& role) {
  write(deployment, "recording the role " + quoted(role.role) + " of " + quoted(node),
        [&](SQLite::Database& db) {
          execute(db,
                  "INSERT INTO roles VALUES (?, ?, ?, ?) ON CONFLICT (deployment, node, role)"
                  " DO UPDATE SET fingerprint = excluded.fingerprint",
                  deployment, node, role.role, role.fingerprint);
        });
}

void SqliteStore::forget_role(const std::string& deployment, const std::string& node,
                              const std::string& role) {
  write(deployment, "forgetting the role " + quoted(role) + " of " + quoted(node),
        [&](SQLite::Database& db) {
          execute(db, "DELETE FROM roles WHERE deployment = ? AND node = ? AND role = ?",
                  deployment, node, role);
        });
}

}  // namespace muster
