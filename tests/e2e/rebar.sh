#!/bin/bash
# The flow of Digital Rebar's multideploy.sh, its commands one by one as docs/rebar.md maps them, with
# two of its cluster files: a provider that can make nodes here, and a release that can be had.
# Only in ./test --all: integration/records.sh follows the same commands up to the plan.
# shellcheck source=tests/support/e2e.sh
. "$(dirname "$0")/../support/e2e.sh"
. "$root/tests/support/digital-rebar.sh"

number() { sed -n 's/^  "id": \([0-9]*\),$/\1/p' | head -n 1; }
deploy() {  # NAME: what multideploy.sh did for one file
  local tenant
  "$muster" providers show google-provider -o json > /dev/null 2>&1 ||
    echo '{"name": "google-provider", "kind": "local"}' | "$muster" providers create - || return
  "$muster" tenants show "$1" -o json > /dev/null 2>&1 ||
    "$muster" tenants create "{\"name\": \"$1\", \"parent_id\": 1, \"description\": \"a class\"}" || return
  "$muster" deployments destroy "tenant-$1-root" --yes || return
  tenant=$("$muster" tenants show "$1" -o json | number)
  sed "s/\"tenant\": \"$1\"/\"tenant_id\": $tenant/" "$work/deploy-$1.json" > "$work/$1.json"
  "$muster" deployments create "$work/$1.json" -o json
}
undeploy() {  # NAME: the same with --destroy
  "$muster" deployments show "$1" > /dev/null && "$muster" deployments destroy "$1" --yes
}
is_of_tenant() { [ "$("$muster" list | awk -v name="$1" '$1 == name { print $2 }')" = "$1" ]; }
all_ready() {  # NAME
  use_cluster "$1"
  [ "$(kubectl get nodes --no-headers --request-timeout=5s | awk '$2 == "Ready"' | wc -l)" = 4 ]
}
login() {  # KEY NAME: as the user whose key the file has
  ssh -F none -i "$work/$1.key" -o BatchMode=yes -o StrictHostKeyChecking=no -o LogLevel=ERROR \
    -o "UserKnownHostsFile=$work/known" "muster@$(address_of "$2" "$2-worker-001")" true
}
fails() { ! "$@"; }
refused() { login "$@" 2>&1 | grep 'Permission denied'; }

for name in cluster01 cluster02; do
  ssh-keygen -q -t ed25519 -N '' -f "$work/$name.key"
  cluster_file $name "$work/$name.key.pub" > "$work/deploy-$name.json"
  need "$name: provider, tenant and deployment are created" deploy $name
  check "$name: it is its tenant's" is_of_tenant $name
  check "$name: its four nodes are Ready" until_true 60 all_ready $name
  check "$name: its key opens its nodes" login $name $name
done
check "cluster01's key opens no node of cluster02" refused login cluster01 cluster02
check "cluster02's key opens no node of cluster01" refused login cluster02 cluster01
for name in cluster01 cluster02; do
  check "$name: it is destroyed" undeploy $name
  check "$name: a second time there is none" fails "$muster" deployments show $name
  check "$name: its tenant stays" "$muster" tenants show $name
done
check "the provider stays" "$muster" providers show google-provider
check "nothing is left" nothing_left
