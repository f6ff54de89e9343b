#!/bin/bash
# Two machines whose owner lets in ssh alone, by firewalld: a cluster on them works all the same, also when
# firewalld is loaded anew, and at the end they let in what they did before.
# Only in ./test --all: the ports themselves are in integration/families.
# shellcheck disable=SC2034  # for machines.sh
more_packages=firewalld
# shellcheck source=tests/support/machines.sh
. "$(dirname "$0")/../support/machines.sh"

muster=${MUSTER:-$root/build/release/muster}
suite=firewalld
# shellcheck source=tests/support/cases.sh
. "$root/tests/support/cases.sh"
# shellcheck source=tests/support/until.sh
. "$root/tests/support/until.sh"
export KUBECONFIG=$work/kubeconfig
cd "$work" || exit 1

run() {
  "$muster" "$@" > "$work/out" 2>&1 < /dev/null
  code=$?
}
kubectl() { "$("$muster" artifacts path kubectl)" --request-timeout=10s "$@" < /dev/null; }
listing() { # WHEN MACHINE: of rules, those that firewalld makes of its permanent configuration
  on "$2" firewall-cmd --reload > /dev/null
  on "$2" "$(cat "$root/tests/support/listing.sh")" | grep -v ' /var/log/firewalld$' > "$1.$2"
}
listens() { on "$1" "bash -c 'exec 3<> /dev/tcp/$2/$3'"; }  # ASKER ADDRESS PORT
# Also those of the other machine, whom a machine asks from an address of its own.
pods_answer() {
  local machine address addresses
  addresses=$(kubectl -n kube-system get pods -l k8s-app=kube-dns -o 'jsonpath={.items[*].status.podIP}') &&
    [ -n "$addresses" ] || return
  for machine in m1 m2; do
    for address in $addresses; do listens $machine "$address" 53 || { echo "$machine to $address"; return 1; }; done
  done
}
# Whether a port of a machine, on which somebody listens, is reached from the others' network.
reaches() { timeout 5 bash -c "exec 3<> /dev/tcp/10.77.0.${machine_number[$1]}/$2"; }
refuses() { ! reaches "$@" 2> /dev/null; }

machines m1 m2
for name in m1 m2; do
  on "$name" 'apt-get -q update && DEBIAN_FRONTEND=noninteractive apt-get -qy -o APT::Install-Recommends=false install firewalld' > "$work/$name.apt" 2>&1
  check "firewalld runs on $name" until_true 120 on "$name" firewall-cmd --state
  on "$name" 'systemd-run -q --unit=somebody python3 -m http.server 6443'
  check "somebody listens on $name" until_true 60 listens "$name" 127.0.0.1 6443
  check "$name refuses port 6443" refuses "$name" 6443
  on "$name" 'systemctl stop somebody'
  listing before "$name"
done

cat > hosts.yaml <<YAML
hosts:
  - {name: m1, address: 10.77.0.11, user: ops, key: key}
  - {name: m2, address: 10.77.0.12, user: ops, key: key}
YAML
cat > site.json <<'JSON'
{
  "name": "site",
  "attribs": {"k8s-bin_dir": "/opt/site/bin"},
  "provider": {"name": "inventory", "hints": {"file": "hosts.yaml"}},
  "nodes": [
    {"roles": ["etcd", "k8s-master", "k8s-worker", "k8s-addons"], "hosts": ["m1"]},
    {"roles": ["k8s-worker"], "hosts": ["m2"]}
  ]
}
JSON
run apply site.json --yes
expect "an apply makes a cluster of them" 0 "'site' is up"
"$muster" kubeconfig site > "$KUBECONFIG"
ready() { [ "$(kubectl get nodes --no-headers | awk '$2 == "Ready"' | wc -l)" = 2 ]; }
check "both are Ready" until_true 120 ready
check "the API is reached" reaches m1 6443
check "the kubelet of m2 is reached" reaches m2 10250
check "etcd is reached" reaches m1 2379
check "m2 does not let in what is the master's" on m2 '! firewall-cmd --query-port=6443/tcp'
check "both machines reach all pods" until_true 120 pods_answer
run test site
expect "the cluster passes its own test" 0
run plan site.json --refresh --detailed-exitcode
expect "nothing is left to do" 0

for name in m1 m2; do on "$name" firewall-cmd --reload > /dev/null; done
run test site
expect "it passes its test when firewalld was loaded anew" 0
for name in m1 m2; do on "$name" systemctl restart firewalld; done
run test site
expect "and when firewalld was restarted" 0

run destroy site --yes
expect "destroy undoes it all" 0 "'site' is gone"
for name in m1 m2; do
  listing after "$name"
  check "$name is as it was before" diff "before.$name" "after.$name"
  check "firewalld of $name loads without a complaint" on "$name" \
    ': > /var/log/firewalld; firewall-cmd --reload && ! grep ERROR /var/log/firewalld'
done
exit $((failures > 0))
