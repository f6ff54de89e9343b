#!/bin/sh
# Written by muster. Moves the pods of a node that leaves away, as PodDisruptionBudgets allow. Who
# does not get there within its time lets the node take pods again.
set -u

name={{node.name}}
seconds={{leaving.seconds}}
conf=/run/muster-leave.conf
api() { {{cluster.bin_dir}}/kubectl --kubeconfig=$conf "$@"; }

# The API may be away for a moment: other members of the control plane may leave just now.
for try in 1 2 3 4 5 6; do
  if found=$(api get node "$name" --ignore-not-found -o 'jsonpath={.metadata.name} {.spec.unschedulable}'); then break; fi
  [ "$try" -lt 6 ] || exit 1
  sleep 2
done
[ -n "${found% *}" ] || exit 0

end=$(($(date +%s) + seconds))
while left=$((end - $(date +%s))) && [ "$left" -gt 0 ]; do
  if said=$(api drain "$name" --ignore-daemonsets --delete-emptydir-data --force{{#leaving.force}} --disable-eviction{{/leaving.force}} \
    --timeout="${left}s" 2>&1); then
    printf '%s\n' "$said"
    exit 0
  fi
  sleep 2
done
{{#leaving.force}}
printf '%s\n' "$said" "not all pods have ended within $seconds s: going on without them, as --force-drain says"
exit 0
{{/leaving.force}}
pods=$(printf '%s\n' "$said" |
  sed -n 's/.*evicting pods*[ /]"\([^"]*\)" -n "\([^"]*\)".*disruption budget.*/\2\/\1/p' | sort -u | tr '\n' ' ')
[ "${found#* }" = true ] || api uncordon "$name" >/dev/null 2>&1
if [ -n "$pods" ]; then
  budgets=$(api get poddisruptionbudgets -A -o 'jsonpath={range .items[?(@.status.disruptionsAllowed==0)]}{.metadata.namespace}/{.metadata.name} {end}' 2>&1)
  echo "PodDisruptionBudgets that allow no disruption now: $budgets"
  echo "pods that may not be evicted: $pods"
else
  printf '%s\n' "$said" | tail -n 5
fi
echo "$name was not drained within $seconds s; it stays, and takes pods again"
echo "apply again when its pods can go, with a longer --drain-timeout, or with --force-drain"
rm -f "$conf" /run/muster-drain.sh
exit 1
