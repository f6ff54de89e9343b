#include "provisioner/state/schema.h"

namespace muster {

namespace {

// Rows are read in the order of their rowid wherever the order of insertion matters: an upsert
// keeps it.
constexpr const char* kMigrations[] = {
    R"sql(
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL);
INSERT INTO meta VALUES ('id', lower(hex(randomblob(8))));

CREATE TABLE deployments (
  name TEXT PRIMARY KEY,
  tenant TEXT NOT NULL,
  revision INTEGER NOT NULL,
  applied INTEGER NOT NULL
);
CREATE TABLE revisions (  -- outlive their deployment
  deployment TEXT NOT NULL,
  revision INTEGER NOT NULL,
  definition_file TEXT NOT NULL,
  definition_text TEXT NOT NULL,
  created_ms INTEGER NOT NULL,
  user TEXT NOT NULL,
  PRIMARY KEY (deployment, revision)
);
CREATE TABLE nodes (
  deployment TEXT NOT NULL REFERENCES deployments(name) ON DELETE CASCADE,
  name TEXT NOT NULL,
  provider TEXT NOT NULL,
  token TEXT NOT NULL,
  handle TEXT NOT NULL,
  state TEXT NOT NULL,
  address TEXT NOT NULL,
  port INTEGER NOT NULL,
  user TEXT NOT NULL,
  host_key TEXT NOT NULL,
  pod_cidr TEXT NOT NULL,
  wanted_roles TEXT NOT NULL,  -- one a line
  PRIMARY KEY (deployment, name)
);
CREATE TABLE roles (  -- applied, in the order of applying
  deployment TEXT NOT NULL,
  node TEXT NOT NULL,
  role TEXT NOT NULL,
  fingerprint TEXT NOT NULL,
  PRIMARY KEY (deployment, node, role),
  FOREIGN KEY (deployment, node) REFERENCES nodes(deployment, name) ON DELETE CASCADE
);
CREATE TABLE secrets (
  scope TEXT NOT NULL,
  key TEXT NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (scope, key)
);
CREATE TABLE leases (
  deployment TEXT PRIMARY KEY,
  user TEXT NOT NULL,
  host TEXT NOT NULL,
  pid INTEGER NOT NULL,
  command TEXT NOT NULL,
  since_ms INTEGER NOT NULL,
  expires_ms INTEGER NOT NULL
);
CREATE TABLE runs (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  deployment TEXT NOT NULL,
  command TEXT NOT NULL,
  started_ms INTEGER NOT NULL,
  finished_ms INTEGER NOT NULL DEFAULT 0,
  result TEXT NOT NULL DEFAULT ''
);
CREATE INDEX runs_of_deployment ON runs(deployment);
CREATE TABLE events (
  seq INTEGER PRIMARY KEY,
  run INTEGER NOT NULL REFERENCES runs(id),
  type TEXT NOT NULL,
  time_ms INTEGER NOT NULL,
  deployment TEXT NOT NULL,
  node TEXT NOT NULL,
  step TEXT NOT NULL,
  verb TEXT NOT NULL,
  role TEXT NOT NULL,
  task TEXT NOT NULL,
  outcome TEXT NOT NULL,
  ms INTEGER NOT NULL,
  steps INTEGER NOT NULL,
  exit_code INTEGER NOT NULL,
  command TEXT NOT NULL,
  output TEXT NOT NULL,
  message TEXT NOT NULL
);
CREATE INDEX events_of_run ON events(run);
)sql",
    R"sql(
ALTER TABLE revisions ADD COLUMN command TEXT NOT NULL DEFAULT '';
ALTER TABLE revisions ADD COLUMN applied_ms INTEGER NOT NULL DEFAULT 0;  -- 0: never whole
UPDATE revisions SET applied_ms = created_ms WHERE EXISTS (
  SELECT 1 FROM deployments d WHERE d.name = revisions.deployment AND d.revision = revisions.revision
  AND d.applied = 1);
ALTER TABLE deployments ADD COLUMN undo_to INTEGER NOT NULL DEFAULT -1;  -- -1: nothing to undo
)sql",
    R"sql(
ALTER TABLE nodes ADD COLUMN identity TEXT NOT NULL DEFAULT '';
ALTER TABLE nodes ADD COLUMN bastion TEXT NOT NULL DEFAULT '';
)sql",
    R"sql(
CREATE TABLE durations (  -- of steps, learned by all runs
  verb TEXT NOT NULL,
  role TEXT NOT NULL,
  provider TEXT NOT NULL,
  ms INTEGER NOT NULL,
  samples INTEGER NOT NULL,
  PRIMARY KEY (verb, role, provider)
);
)sql",
    R"sql(
CREATE TABLE tenants (
  id INTEGER PRIMARY KEY AUTOINCREMENT,  -- never given twice
  name TEXT NOT NULL UNIQUE,
  description TEXT NOT NULL,
  max_nodes INTEGER NOT NULL,  -- 0: no limit
  max_deployments INTEGER NOT NULL,
  created_ms INTEGER NOT NULL
);
INSERT INTO tenants (name, description, max_nodes, max_deployments, created_ms)
  VALUES ('default', '', 0, 0, CAST(strftime('%s', 'now') AS INTEGER) * 1000);
INSERT INTO tenants (name, description, max_nodes, max_deployments, created_ms)
  SELECT tenant, '', 0, 0, CAST(strftime('%s', 'now') AS INTEGER) * 1000 FROM deployments
  WHERE tenant != 'default' GROUP BY tenant ORDER BY min(rowid);
CREATE TABLE providers (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  name TEXT NOT NULL UNIQUE,
  kind TEXT NOT NULL,
  description TEXT NOT NULL,
  hints TEXT NOT NULL,  -- a JSON object
  created_ms INTEGER NOT NULL
);
-- Beside the deployments, whose rowids may change, and are given again.
CREATE TABLE deployment_ids (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  deployment TEXT NOT NULL UNIQUE REFERENCES deployments(name) ON DELETE CASCADE
);
INSERT INTO deployment_ids (deployment) SELECT name FROM deployments ORDER BY rowid;
)sql",
    R"sql(
ALTER TABLE deployments ADD COLUMN expires_ms INTEGER NOT NULL DEFAULT 0;  -- 0: never
)sql",
    R"sql(
ALTER TABLE nodes ADD COLUMN cluster_address TEXT NOT NULL DEFAULT '';
)sql",
    R"sql(
CREATE TABLE certificates (  -- CertificateOrder, of deployments that ever had one
  deployment TEXT PRIMARY KEY REFERENCES deployments(name) ON DELETE CASCADE,
  generation INTEGER NOT NULL,
  done INTEGER NOT NULL,
  renewed INTEGER NOT NULL,
  rotations INTEGER NOT NULL,
  phase INTEGER NOT NULL
);
)sql",
    R"sql(
CREATE TABLE host_claims (  -- outlive their deployment: what was not released is still in use
  place TEXT PRIMARY KEY,   -- address and port
  token TEXT NOT NULL,      -- of the node
  deployment TEXT NOT NULL,
  text TEXT NOT NULL,       -- the provider's
  link TEXT NOT NULL        -- the file that shows it to other states
);
)sql",
    R"sql(
ALTER TABLE leases ADD COLUMN owner TEXT NOT NULL DEFAULT '';
ALTER TABLE leases ADD COLUMN place TEXT NOT NULL DEFAULT '';  -- ProcessMark; empty: not known
ALTER TABLE leases ADD COLUMN started INTEGER NOT NULL DEFAULT 0;
UPDATE leases SET owner = lower(hex(randomblob(8)));
)sql",
    R"sql(
ALTER TABLE revisions ADD COLUMN definition_defaults TEXT NOT NULL DEFAULT '';  -- NAME=VALUE, one a line
)sql",
    R"sql(
ALTER TABLE revisions ADD COLUMN wanted_nodes INTEGER NOT NULL DEFAULT -1;  -- -1: older
)sql",
};

}  // namespace

std::span<const char* const> migrations() { return kMigrations; }

}  // namespace muster
