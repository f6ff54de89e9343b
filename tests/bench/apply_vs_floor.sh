#!/bin/bash
# How long muster takes from `apply` to all nodes Ready (1 master, 2 workers, artifacts cached),
# beside the floor: the same cluster by a plain shell script with the same binaries and no checks.
# Both in one run, turn and turn about. Prints each time, the medians and their ratio.
#
#   tests/bench/apply_vs_floor.sh [ROUNDS]      (default 5)
# shellcheck source=tests/support/e2e.sh
. "$(dirname "$0")/../support/e2e.sh"

rounds=${1:-5}
floor=$root/tests/bench/floor.sh
cat > "$work/bench.json" <<'JSON'
{
  "name": "bench",
  "provider": { "name": "local" },
  "nodes": [
    { "prefix": "bench-control", "roles": ["etcd", "k8s-master"], "count": 1 },
    { "prefix": "bench-worker", "roles": ["k8s-worker"], "count": 2 }
  ]
}
JSON

# The same programs, by name, out of muster's cache.
mkdir -p "$work/bin/cni"
for name in kube-apiserver kube-controller-manager kube-scheduler kubelet kube-proxy kubectl \
  etcd containerd containerd-shim-runc-v2 ctr runc; do
  cp "$("$muster" artifacts path $name)" "$work/bin/$name" || exit 1
done
for name in bridge host-local loopback portmap; do
  cp "$("$muster" artifacts path cni-$name)" "$work/bin/cni/$name" || exit 1
done
cp "$("$muster" artifacts path pause-image)" "$work/pause.tar" || exit 1
FLOOR_PAUSE=$(tar -xOf "$work/pause.tar" manifest.json | sed 's/.*"RepoTags":\["\([^"]*\)".*/\1/')
export FLOOR_BIN=$work/bin FLOOR_IMAGES=$work/pause.tar FLOOR_PAUSE
# shellcheck source=tests/support/node-image.sh
. "$root/tests/support/node-image.sh"
FLOOR_IMAGE=$(newest_node_image)
export FLOOR_IMAGE

now() { date +%s%N; }
seconds() { awk -v ns="$1" 'BEGIN { printf "%.2f", ns / 1e9 }'; }
median() { sort -n | awk '{ v[NR] = $1 } END { print (v[int((NR + 1) / 2)] + v[int(NR / 2) + 1]) / 2 }'; }

for round in $(seq "$rounds"); do
  "$floor" down >/dev/null 2>&1
  took=$("$floor" up 2>/dev/null | sed -n 's/floor: all nodes Ready after \(.*\) s/\1/p')
  "$floor" down >/dev/null 2>&1
  [ -n "$took" ] || { fail "the floor comes up" "round $round"; exit; }
  echo "$took" >> "$work/floor"

  began=$(now)
  "$muster" apply "$work/bench.json" --yes >/dev/null 2>"$work/err" || { fail "apply" "$(cat "$work/err")"; exit; }
  mine=$(seconds $(($(now) - began)))
  use_cluster bench
  [ "$(kubectl get nodes --no-headers | awk '$2 == "Ready"' | wc -l)" = 3 ] || fail "all nodes are Ready"
  "$muster" destroy bench --yes >/dev/null 2>&1
  echo "$mine" >> "$work/muster"
  echo "round $round: floor $took s, muster $mine s"
done
median < "$work/floor" > "$work/floor.median"
median < "$work/muster" > "$work/muster.median"
awk -v f="$(cat "$work/floor.median")" -v m="$(cat "$work/muster.median")" \
  'BEGIN { printf "median: floor %.2f s, muster %.2f s, ratio %.2f\n", f, m, m / f }'
