#!/usr/bin/env bash
# Tenants, providers and deployments as records, with the real binary: Digital Rebar's multideploy.sh
# followed line by line up to the plan, then a deployment of a host that does not answer, which is on
# record and makes no node. Needs no root. Usage: MUSTER=build/debug/muster records.sh [BUILD_DIR]
# Prints "ok NAME" or "FAIL NAME: why".
# shellcheck disable=SC2317  # what check calls is reached
set -u

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
muster=$(realpath "${MUSTER:-${1:-$root/build/debug}/muster}")
work=$(mktemp -d "${TMPDIR:-/tmp}/muster-records.XXXXXX")
trap 'rm -rf "$work"' EXIT
export MUSTER_STATE=$work/state MUSTER_CACHE=$work/cache MUSTER_INVENTORY_DIR=$work/claims
export HOME=$work/home
unset SSH_AUTH_SOCK
mkdir "$work/home"
cd "$work" || exit 2
suite=records
. "$root/tests/support/cases.sh"
. "$root/tests/support/digital-rebar.sh"

# run ARGUMENT...: leaves $code, the result in $work/result and all that was said in $work/out.
run() {
  "$muster" "$@" > "$work/result" 2> "$work/talk" < "${input:-/dev/null}"
  code=$?
  cat "$work/result" "$work/talk" > "$work/out"
}
id_of() { sed -n 's/^  "id": \([0-9]*\),$/\1/p' "$work/result"; }
names_in_list() { sed -n 's/^    "name": "\(.*\)",$/\1/p' "$work/result" | tr '\n' ' '; }
silent_about() { ! grep -F "$1" "$work/out"; }

# --- two cluster files of Digital Rebar's form: tenant, provider and hints of a cloud
ssh-keygen -q -t ed25519 -N "" -f "$work/key"
for cluster in cluster01 cluster02; do
  cluster_file $cluster "$work/key.pub" > "deploy-$cluster.json"
done

# --- multideploy.sh, step by step, for each file
run validate deploy-cluster01.json
expect "before its provider is there, a definition says what is missing" 2 \
  "provider 'google-provider' cannot create nodes"
check "to validate makes no state" test ! -e "$MUSTER_STATE"
for cluster in cluster01 cluster02; do
  # 1. the provider, made when it is not there
  run providers show google-provider -o json
  if [ "$code" != 0 ]; then
    expect "$cluster: the provider is not there" 2 "there is no provider 'google-provider'"
    echo '{"name": "google-provider", "kind": "local", "hints": {"memory_mb": 1024},
           "secrets": {"google_json_key": "-hunter2-"}}' > "$work/provider.json"
    input=$work/provider.json run providers create - -o json
    expect "$cluster: the provider is made from stdin" 0 '"id": 1' '"google_json_key": "(secret)"'
    check "$cluster: its secret is not shown" silent_about hunter2
  else
    expect "$cluster: the provider is there" 0 '"kind": "local"'
  fi
  # 2. the tenant, made when it is not there; Digital Rebar gives it a deployment to be destroyed
  run tenants show "$cluster" -o json
  expect "$cluster: the tenant is not there" 2 "there is no tenant '$cluster'"
  run tenants create "{\"name\": \"$cluster\", \"parent_id\": 1,
    \"description\": \"added by multicluster script\"}" -o json
  expect "$cluster: the tenant is made" 0 "\"name\": \"$cluster\"" "'parent_id' has no effect"
  tenant=$(id_of)
  run deployments destroy "tenant-$cluster-root" --yes
  expect "$cluster: there is no root deployment to destroy" 0 "nothing to destroy"
  # 3. the tenant's number in place of its name
  sed "s/\"tenant\": \"$cluster\"/\"tenant_id\": $tenant/" "deploy-$cluster.json" > "$cluster.json"
  check "$cluster: the number is in the file" grep -qF "\"tenant_id\": $tenant," "$cluster.json"
  run validate "$cluster.json"
  expect "$cluster: the file is right" 0 "$cluster.json: good (4 nodes)"
  run plan "$cluster.json"
  expect "$cluster: its plan" 0 "cluster $cluster (tenant $cluster): 4 nodes to create"
  # 4. --destroy
  run deployments show "$cluster"
  expect "$cluster: there is no deployment yet" 2 "there is no deployment '$cluster'"
done
run tenants list -o json
expect "tenants by their ids" 0
check "all tenants are there" test "$(names_in_list)" = "default cluster01 cluster02 "
if "$muster" plan --json deploy-cluster01.json 2> "$work/talk" > "$work/by-name" &&
  "$muster" plan --json cluster01.json 2> "$work/talk" | cmp -s - "$work/by-name"; then
  ok "by name or by number, the plan is the same"
else fail "by name or by number, the plan is the same" "$(cat "$work/talk")"; fi

# --- secrets
run provider create '{"name": "lab", "kind": "local", "secrets": {"token": "-hunter3-"}}'
expect "a secret on the command line is refused" 2 "must not stand on a command line"
check "and not repeated" silent_about hunter3
LAB_TOKEN=-hunter3- run provider create \
  '{"name": "lab", "kind": "local", "secrets": {"token": {"env": "LAB_TOKEN"}}}'
expect "a secret from the environment" 0 "provider 'lab' (id 2) is made"
LAB_TOKEN=-hunter3- run provider create \
  '{"name": "lab", "kind": "local", "secrets": {"token": {"env": "LAB_TOKEN"}}}'
expect "the same again" 0 "provider 'lab' (id 2) is there already"
LAB_TOKEN=-hunter4- run provider create \
  '{"name": "lab", "kind": "local", "secrets": {"token": {"env": "LAB_TOKEN"}}}'
expect "the same with another secret is another" 2 "delete it first: muster provider delete lab"
for form in "" "-o json"; do
  for words in "list" "show 2" "show lab"; do
    # shellcheck disable=SC2086  # words
    run provider $words $form
    expect "provider $words $form" 0 lab
    check "provider $words $form shows no secret" silent_about hunter
  done
done
check "the state is its owner's alone" test "$(stat -c %a "$MUSTER_STATE/muster.db")" = 600
run provider delete lab
expect "a provider that nothing uses is deleted" 0 "provider 'lab' (id 2) is deleted"
check "with its secret" bash -c "! cat '$MUSTER_STATE'/muster.db* | grep -qF hunter3"

# --- a deployment on record: its host does not answer, so that there is no node to make
mkdir -p mine/roles/note mine/templates
printf 'role: note\ndescription: nothing\ntasks: []\n' > mine/roles/note/role.yaml
printf 'hosts:\n  - {name: h1, address: 127.0.0.1, port: 1}\n  - {name: h2, address: 127.0.0.1, port: 2}\n' \
  > hosts.yaml
run provider create '{"name": "rack", "kind": "inventory", "hints": {"file": "hosts.yaml"}}'
expect "a provider of existing hosts by name" 0 "provider 'rack' (id 3) is made"
run tenant create '{"name": "blue", "quotas": {"nodes": 1, "deployments": 2}}'
expect "a tenant with quotas" 0 "tenant 'blue' (id 4) is made"
definition() {  # NAME COUNT
  echo "{\"name\": \"$1\", \"tenant\": \"blue\", \"provider\": {\"name\": \"rack\"},
    \"nodes\": [{\"roles\": [\"note\"], \"count\": $2}]}"
}
run --roles mine deployments create "$(definition big 2)" -o json
expect "a deployment beyond the quota is refused" 2 \
  "the quota of tenant 'blue' is 1 node: 0 are used by its other deployments, and 2 are wanted here"
check "and prints nothing on stdout" test ! -s "$work/result"
run deployment list -o json
expect "and is not on record" 0 "[]"
run --roles mine deployments create "$(definition site 1)" -o json
expect "a deployment of a host that does not answer is on record" 1 '"name": "site"' '"tenant": "blue"' \
  '"provider": "rack"'
site=$(id_of)
definition more 1 > more.json
for command in plan apply; do
  run --roles mine $command more.json
  expect "$command of one more node is refused" 2 \
    "the quota of tenant 'blue' is 1 node: 1 is used by its other deployments, and 1 is wanted here" \
    "muster tenant update blue '{\"quotas\": {\"nodes\": 2}}'"
done
run tenant update blue '{"quotas": {"nodes": 2, "deployments": 1}}'
expect "quotas are changed" 0 "may have: nodes 2, deployments 1"
run --roles mine plan more.json
expect "one more deployment is refused" 2 "is 1 deployment: 1 is used by its other deployments"
run tenant show blue
expect "a tenant says what it has" 0 "deployments: 1 of 1 (site)" "nodes:       1 of 2"
run tenant delete blue
expect "a tenant in use stays" 2 "tenant 'blue' is in use by: site"
run provider delete rack
expect "a provider in use stays" 2 "provider 'rack' is in use by: site"
run --roles mine history site
expect "what was typed as JSON is not in the history" 0 "deployments create '{...}'"
run --roles mine deployment show "$site"
expect "a deployment by its number" 0 "site (tenant blue), revision 1, incomplete"
run deployment delete "$site"
expect "delete without a terminal wants --yes" 2 "say --yes"
run --roles mine deployments destroy "$site" --yes
expect "a deployment is destroyed by its number" 0 "'site' is gone"
run deployments show "$site"
expect "and its number is nobody's" 2 "there is no deployment '$site'"
run tenants show blue
expect "its tenant stays" 0 "deployments: 0 of 1"
run provider delete rack
expect "its provider stays until it is deleted" 0 "provider 'rack' (id 3) is deleted"
run tenant delete blue
expect "and its tenant" 0 "tenant 'blue' (id 4) is deleted"

exit $((failures > 0))
