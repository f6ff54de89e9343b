#!/bin/bash
# Starts each program of a release with exactly the flags and files that muster renders for a node with all of its
# roles, a definition that uses all that definitions say of programs: each must come up, and find nothing in them
# that it does not know. Each release in namespaces of its own; no systemd runs there, so the script starts what
# units say.
# Usage: flags.sh [BUILD_DIR]. RELEASES="v1.36.3 v1.35.4" tries those instead of the default, and skips those whose
# programs are not in this machine's cache. Needs root; half a minute each. haproxy is Debian's, unpacked.
# Needs Kubernetes.
# Runs beside others: it meets nobody.
# shellcheck disable=SC2317  # what check calls is reached
set -u
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
suite=flags
. "$root/tests/support/cases.sh"
. "$root/tests/support/bare-node.sh"

programs="etcd containerd containerd-shim-runc-v2 ctr runc kube-apiserver kube-controller-manager kube-scheduler
  kubelet kube-proxy kubectl pause-image cni-bridge cni-host-local cni-loopback cni-portmap"

bring_haproxy() {
  if [ ! -d "$scratch/packages" ]; then
    (work=$scratch && unpack_packages haproxy liblua5.3-0 libopentracing-c-wrapper0 libopentracing1) || return 1
  fi
  cp -a "$scratch/packages" "$work"
}

try_release() {  # RELEASE
  local said
  work=$scratch/$1
  mkdir "$work" || return 1
  # shellcheck disable=SC2086
  if ! said=$(find_programs "$1" $programs 2>&1); then
    if [ -n "${RELEASES:-}" ]; then echo "skip $suite: $1: $(tr '\n' ' ' <<< "$said")"; return; fi
    fail "$1: its programs are in the cache" "$said"
    return 1
  fi
  cp "$muster" "$work/bin/muster"
  bring_haproxy || { fail "$1: Debian's haproxy can be had" "apt-get download failed"; return 1; }
  (enter_group "${scratch##*/}-$1" && exec unshare --cgroup "$0" between "$work" "$1")
}

if [ "${1:-}" = between ]; then
  step_down "$(basename "$(dirname "$2")")-$3" || exit 1
  exec unshare --mount --net --pid --fork --kill-child --mount-proc "$0" inside "${@:2}"
fi
if [ "${1:-}" != inside ]; then
  muster=$(realpath "${MUSTER:-${1:-$root/build/debug}/muster}")
  [ "$(id -u)" = 0 ] || { echo "skip $suite: needs root"; exit 0; }
  scratch=$(mktemp -d "${TMPDIR:-/tmp}/muster-flags.XXXXXX")
  clean_up_groups $$ "$scratch" < /dev/null > /dev/null 2>&1 &
  code=0
  for release in ${RELEASES:-$("$muster" version | sed -n 's/^Kubernetes \(v[0-9.]*\);.*/\1/p')}; do
    try_release "$release" || code=1
  done
  exit $code
fi

# --- a node with what muster renders

work=$2 release=$3
bin=$work/bin
bare_node || exit 1
own_cgroups || exit 1
# Of a container: kube-proxy and the kubelet set what is the machine's. What they set all the same is no file of
# the kernel's here.
touch /run/.containerenv
for setting in /proc/sys/vm/{overcommit_memory,panic_on_oom} /proc/sys/kernel/{panic,panic_on_oops} \
  /proc/sys/kernel/keys/{root_maxkeys,root_maxbytes} /proc/sys/net/netfilter/nf_conntrack_max; do
  [ -e "$setting" ] || continue
  cat "$setting" > "$work/${setting##*/}"
  mount --bind "$work/${setting##*/}" "$setting"
done
mount -t overlay -o "lowerdir=$work/packages/usr:/usr" overlay /usr
mkdir -p /opt/cni/bin
for plugin in bridge host-local loopback portmap; do ln -s "$bin/cni-$plugin" /opt/cni/bin/$plugin; done

files_of_roles << 'ROLES' || exit 1
base
registries base
proxy base
container-runtime base
network-bridge base
api-balancer base
etcd base
kube-control-plane base
kube-node container-runtime api-balancer
k8s-master kube-control-plane kube-node
k8s-worker kube-node
ROLES
openssl req -x509 -newkey rsa:2048 -nodes -keyout "$work/tls.key" -out "$work/tls.crt" -days 2 -subj /CN=login.test \
  2> /dev/null
cat > "$work/d.json" << JSON
{"name": "d", "provider": {"name": "inventory", "hints": {"file": "$work/hosts.yaml"}},
 "attribs": {"k8s-version": "$release", "k8s-bin_dir": "$bin"},
 "registries": {"docker.io": {"mirrors": ["https://mirror.test:5000"]},
   "mirror.test:5000": {"ca": "tls.crt", "auth": {"username": "ann", "password": "geheim"}}},
 "proxy": {"http": "http://10.9.0.1:3128", "https": "http://10.9.0.1:3128"},
 "audit": {"webhook": {"url": "https://login.test:8443/events", "ca": "tls.crt", "token": "geheim"}},
 "authentication": {"oidc": [{"issuer": "https://login.test:8443", "audiences": ["muster"], "ca": "tls.crt",
   "groups": {"claim": "groups"}, "required_claims": {"hd": "example.com"}}]},
 "extra_config": {"kubelet": {"maxPods": 50}},
 "nodes": [{"roles": ["etcd", "k8s-master", "k8s-worker"], "hosts": ["one"], "labels": {"disk": "fast"}}]}
JSON
chmod 0600 "$work/d.json"
"$bin/muster" --roles "$work/mine" apply "$work/d.json" --yes --skip-check > "$work/out" 2>&1 < /dev/null
code=$?
expect "$release: its files are rendered" 0 "'d' is up"
[ "$failures" = 0 ] || exit 1

# --- its programs

declare -A pid=()
begin() {  # UNIT
  (start "$1.service" "$1.log") &
  pid[$1]=$!
}
complaints() {  # UNIT: what it does not know, or not for long any more
  grep -m 3 -E 'lenient decoding|unknown (flag|field|key)|[Ii]gnoring unknown|has been deprecated' "$work/$1.log"
}
# What this machine has too few of at this moment is no fault of what was rendered: systemd would start it again.
wants_room() { grep -q 'inotify_init: too many open files' "$work/$1.log"; }
comes_up() {  # UNIT COMMAND...: what it started runs, and then the command is true
  local end=$((SECONDS + 300))
  until "${@:2}" > /dev/null 2>&1; do
    if [ $SECONDS -ge $end ] || ! kill -0 "${pid[$1]}" 2> /dev/null; then
      if [ $SECONDS -lt $end ] && wants_room "$1"; then
        sleep 1
        begin "$1"
        continue
      fi
      complaints "$1" || grep -vE '^[IW][0-9]{4} ' "$work/$1.log" | tail -n 5
      return 1
    fi
    sleep 0.2
  done
  ! complaints "$1"
}
api() { "$bin/kubectl" --kubeconfig=/etc/kubernetes/admin.conf --server=https://127.0.0.1:6443 "$@"; }
answers() { curl -fsS --noproxy '*' -o /dev/null "${@:2}" "$1"; }
leads() { api -n kube-system get lease "$1" -o 'jsonpath={.spec.holderIdentity}' | grep -q .; }
controls() { answers https://127.0.0.1:10257/healthz -k && leads kube-controller-manager; }
schedules() { answers https://127.0.0.1:10259/healthz -k && leads kube-scheduler; }
is_ready() { api wait --for=condition=Ready node/one --timeout=1s; }
proxies() { answers http://127.0.0.1:10256/healthz; }
balances() { answers https://127.0.0.1:"$(sed -n 's/.*bind 127.0.0.1://p' /etc/kubernetes/balancer.cfg)"/livez --cacert /etc/kubernetes/ssl/ca.crt; }

for unit in etcd kube-apiserver muster-api-balancer containerd; do begin $unit; done
check "$release: etcd" comes_up etcd answers http://127.0.0.1:2381/readyz
check "$release: containerd" comes_up containerd "$bin/ctr" --timeout 5s version
check "$release: kube-apiserver" comes_up kube-apiserver api get --raw /readyz
api get --raw /readyz > /dev/null 2>&1 || exit 1
for unit in kube-controller-manager kube-scheduler kubelet kube-proxy; do begin $unit; done
check "$release: haproxy" comes_up muster-api-balancer balances
check "$release: kube-controller-manager" comes_up kube-controller-manager controls
check "$release: kube-scheduler" comes_up kube-scheduler schedules
check "$release: kubelet" comes_up kubelet is_ready
check "$release: kube-proxy" comes_up kube-proxy proxies

# --- and this test would tell

kill "${pid[kube-scheduler]}"
wait "${pid[kube-scheduler]}" 2> /dev/null
sed -i 's/ --profiling=false/ --port=0&/' /etc/systemd/system/kube-scheduler.service
begin kube-scheduler
seen() { comes_up kube-scheduler false | grep -F 'unknown flag: --port'; }
check "$release: a flag that it does not have is seen" seen
exit $((failures > 0))
