#!/bin/bash
# Every release that can be built here (artifacts/go/kubernetes): the quickstart's three nodes, applied twice, tested and destroyed.
# Then one that goes from the oldest to the newest in place, with a pod that stays what it is.
# RELEASES="v1.36.3 v1.37.2" tries those.
# Only in ./test --all: cluster.sh, with other releases; where upstream cannot be reached they are built first.
# shellcheck source=tests/support/e2e.sh
. "$(dirname "$0")/../support/e2e.sh"

name=quickstart
definition=$root/examples/quickstart.json
apply() { "$muster" apply "$definition" --set "attribs.k8s-version=$1" --yes > "$work/out" 2>&1 || { tail -n 30 "$work/out"; false; }; }
unchanged() { apply "$1" && grep -qE "^$name: [0-9]+ unchanged in" "$work/out"; }
of_release() {  # RELEASE: three nodes, Ready
  local said
  said=$(kubectl get nodes --no-headers | awk '{ print $2, $5 }' | sort | uniq -c | xargs)
  echo "$said"
  [ "$said" = "3 Ready $1" ]
}
works() {  # RELEASE
  use_cluster $name
  check "$1: three nodes are Ready with it" until_true 120 of_release "$1"
  check "$1: a second apply finds every task unchanged" unchanged "$1"
  check "$1: muster test passes" "$muster" test $name
}

releases=${RELEASES:-$(cd "$root/artifacts/go/kubernetes" && printf "%s\n" v* | sort -V)}
need "there are releases to try" test -n "$releases"
for release in $releases; do
  need "$release: its programs can be had" "$muster" artifacts fetch --kubernetes "$release"
  check "$release: an apply makes a cluster" apply "$release"
  works "$release"
  check "$release: destroy removes it" "$muster" destroy $name --yes
  check "$release: nothing is left" nothing_left
done

pod() { kubectl get pod stays -o jsonpath='{.metadata.uid} {.status.podIP} {.status.phase}'; }
same_pod() { local now; now=$(pod); echo "$now"; [ "$now" = "$before" ]; }
before=
for release in $releases; do
  check "$release: an apply takes the cluster there" apply "$release"
  works "$release"
  if [ -z "$before" ]; then
    check "the busybox image is on every node" import_busybox $name
    kubectl run stays --image=docker.io/library/busybox:1.35 --image-pull-policy=Never --restart=Always -- \
      sleep 100000 > /dev/null 2>&1
    check "a pod runs" kubectl wait --for=condition=Ready pod/stays --timeout=60s
    before=$(pod)
  fi
  check "$release: the pod is the same" until_true 60 same_pod
done
check "destroy removes it" "$muster" destroy $name --yes
check "nothing is left" nothing_left
