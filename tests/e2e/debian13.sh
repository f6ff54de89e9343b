#!/bin/bash
# A real cluster whose nodes have Debian 13, with systemd 257. A second apply,
# the cluster's own test, one Debian 12 worker beside them, destroy. Builds the image of Debian 13
# when this machine does not have it (about a minute).
# Only in ./test --all: cluster.sh, with another release of Debian.
# shellcheck source=tests/support/e2e.sh
. "$(dirname "$0")/../support/e2e.sh"

name=trixie
definition=$work/trixie.json
write_definition() {  # MORE-NODES
  cat > "$definition" <<JSON
{
  "name": "$name",
  "provider": {"name": "local", "hints": {"os": "debian-13"}},
  "nodes": [
    {"prefix": "t13-master", "roles": ["etcd", "k8s-master", "k8s-worker", "k8s-addons"]},
    {"prefix": "t13-worker", "roles": ["k8s-worker"]}$1
  ]
}
JSON
}
on() {  # NODE COMMAND...
  local node=$1
  shift
  "$muster" ssh $name "$node" -- "$@" < /dev/null
}
has_system() { on "$1" cat /etc/os-release | grep -qx "VERSION_ID=\"$2\""; }

write_definition ""
if ! "$muster" apply "$definition" --yes > "$work/apply.log" 2>&1; then
  if grep -q 'cannot build the node image' "$work/apply.log"; then
    echo "skip debian13: the image of Debian 13 cannot be built: $(tail -n 3 "$work/apply.log" | tr '\n' ' ')"
    "$muster" destroy $name --yes > /dev/null 2>&1
    exit 0
  fi
  fail "apply makes the cluster" "$(tail -n 30 "$work/apply.log")"
  exit 1
fi
ok "apply makes the cluster"
need "kubeconfig has what kubectl needs" use_cluster $name

check "the master has Debian 13" has_system t13-master-001 13
check "the worker has Debian 13" has_system t13-worker-001 13
check "systemd is 257 or newer" on t13-worker-001 \
  'test "$(systemctl --version | sed -n "1s/^systemd \([0-9]*\).*/\1/p")" -ge 257'
check "no unit has failed" on t13-master-001 'test -z "$(systemctl --failed --plain --no-legend)"'
check "a plan after it is empty" "$muster" plan "$definition" --detailed-exitcode
check "and the nodes say so too" "$muster" plan "$definition" --refresh --detailed-exitcode
check "the cluster passes its own test" "$muster" test $name

write_definition ', {"prefix": "t12-worker", "roles": ["k8s-worker"], "hints": {"os": "debian-12"}}'
check "a worker with Debian 12 joins them" "$muster" apply "$definition" --yes
check "it has Debian 12" has_system t12-worker-001 12
all_ready() {
  [ "$(kubectl get nodes --no-headers | awk '$2 == "Ready"' | wc -l)" = 3 ]
}
check "all three are Ready" until_true 60 all_ready

check "destroy ends it" "$muster" destroy $name --yes
check "nothing is left" nothing_left
