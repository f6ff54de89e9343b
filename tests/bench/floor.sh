#!/bin/bash
# The floor: the least that a shell script needs to bring a Kubernetes cluster up on this machine.
# One control-plane node and two workers as systemd-nspawn containers on a bridge. No checks, no
# second run, no recovery: it is what the real tool's time is measured against.
#
#   floor.sh up           FLOOR_BIN holds kube-apiserver, kubelet, etcd, containerd, ... by their names
#   floor.sh down         removes everything that `up` made
#   floor.sh kubectl ...  kubectl as the cluster's admin
#
# Settings from the environment: FLOOR_BIN, FLOOR_IMAGE (node root file system), FLOOR_IMAGES
# (container image tars to import on every node), FLOOR_PAUSE (the name of the one for sandboxes),
# FLOOR_MASTERS (1 or 3), FLOOR_WORKERS. tests/bench/apply_vs_floor.sh sets them.
set -eu

bin=${FLOOR_BIN:-}
image=${FLOOR_IMAGE:-}
images=${FLOOR_IMAGES:-}
pause=${FLOOR_PAUSE:-}
masters=${FLOOR_MASTERS:-1}
workers=${FLOOR_WORKERS:-2}

base=/var/tmp/muster-floor
bridge=mfl0
net=10.88.0
pods=10.244
services=10.96
controllers="cpu cpuacct cpuset memory devices freezer blkio pids systemd unified"

# Nodes are numbered: node i has the address $net.1i and the pods $pods.i.0/24.
nodes=()
for ((i = 1; i <= masters; i++)); do nodes+=("cp-$i"); done
for ((i = 1; i <= workers; i++)); do nodes+=("w-$i"); done
number() { for ((i = 0; i < ${#nodes[@]}; i++)); do [ "${nodes[i]}" != "$1" ] || echo $((i + 1)); done; }
address() { echo "$net.1$(number "$1")"; }

began=$(date +%s%N)
since() { local ms=$((($(date +%s%N) - began) / 1000000)); printf '%d.%03d' $((ms / 1000)) $((ms % 1000)); }
say() { echo "floor: $(since) $*" >&2; }

# --- certificates -------------------------------------------------------------------------------

ca() {  # FILE CN
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 3650 -subj "/CN=$2" \
    -addext keyUsage=critical,keyCertSign,cRLSign -keyout "$1.key" -out "$1.crt" 2>/dev/null
}
cert() {  # CA FILE SUBJECT USAGE [SAN]
  openssl req -x509 -CA "$1.crt" -CAkey "$1.key" -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
    -days 365 -subj "$3" -addext basicConstraints=critical,CA:FALSE \
    -addext keyUsage=critical,digitalSignature -addext "extendedKeyUsage=$4" \
    ${5:+-addext "subjectAltName=$5"} -keyout "$2.key" -out "$2.crt" 2>/dev/null
}
kubeconfig() {  # FILE SERVER CA CERT KEY
  cat > "$1" <<YAML
apiVersion: v1
kind: Config
clusters: [{name: floor, cluster: {server: "$2", certificate-authority: $3}}]
users: [{name: me, user: {client-certificate: $4, client-key: $5}}]
contexts: [{name: floor, context: {cluster: floor, user: me}}]
current-context: floor
YAML
}

make_certificates() {
  mkdir -p "$base/pki" && cd "$base/pki"
  ca ca kubernetes & ca etcd-ca etcd & ca front-proxy-ca front-proxy &
  openssl ecparam -name prime256v1 -genkey -noout -out sa.key && openssl ec -in sa.key -pubout -out sa.pub 2>/dev/null
  wait
  local sans="DNS:kubernetes,DNS:kubernetes.default,DNS:kubernetes.default.svc,DNS:kubernetes.default.svc.cluster.local,DNS:localhost,IP:127.0.0.1,IP:$services.0.1"
  for node in "${nodes[@]}"; do sans="$sans,IP:$(address "$node")"; done
  cert ca apiserver /CN=kube-apiserver serverAuth "$sans" &
  cert ca apiserver-kubelet-client /CN=kube-apiserver-kubelet-client clientAuth &
  cert ca admin /O=system:masters/CN=admin clientAuth &
  cert ca controller-manager /CN=system:kube-controller-manager clientAuth &
  cert ca scheduler /CN=system:kube-scheduler clientAuth &
  cert ca proxy /CN=system:kube-proxy clientAuth &
  cert etcd-ca apiserver-etcd-client /CN=kube-apiserver clientAuth &
  cert front-proxy-ca front-proxy-client /CN=front-proxy-client clientAuth &
  for node in "${nodes[@]}"; do
    cert ca "kubelet-client-$node" "/O=system:nodes/CN=system:node:$node" clientAuth &
    cert ca "kubelet-$node" "/CN=$node" serverAuth "DNS:$node,IP:$(address "$node")" &
    case $node in cp-*)
      cert etcd-ca "etcd-$node" "/CN=$node" serverAuth,clientAuth "DNS:$node,DNS:localhost,IP:127.0.0.1,IP:$(address "$node")" &
    esac
  done
  wait
  kubeconfig "$base/admin.conf" "https://$(address cp-1):6443" "$PWD/ca.crt" "$PWD/admin.crt" "$PWD/admin.key"
}

# --- what every node gets -----------------------------------------------------------------------

unit() {  # ROOT NAME: the unit's text comes on stdin
  cat > "$1/etc/systemd/system/$2.service"
  mkdir -p "$1/etc/systemd/system/multi-user.target.wants"
  ln -s "../$2.service" "$1/etc/systemd/system/multi-user.target.wants/$2.service"
}

write_node() {  # NODE
  local node=$1 n ip root=$base/$1/upper pki=$base/pki other
  n=$(number "$node") ip=$(address "$node")
  mkdir -p "$root"/etc/{ssh,sysctl.d,systemd/system,containerd,cni/net.d,muster/pki} "$root/root/.ssh" "$root/opt/muster"
  chmod 0700 "$root/root" "$root/root/.ssh"
  ssh-keygen -q -t ed25519 -N '' -C "$node" -f "$root/etc/ssh/ssh_host_ed25519_key"
  cp "$base/id.pub" "$root/root/.ssh/authorized_keys"
  echo net.ipv4.ip_forward=1 > "$root/etc/sysctl.d/90-kubernetes.conf"

  # The API's address is the same on every node: a local TCP balancer over all masters.
  { cat <<CFG
defaults
  mode tcp
  timeout connect 1s
  timeout client 24h
  timeout server 24h
  retries 60
  option redispatch 1
  option clitcpka
  option srvtcpka
listen api
  bind 127.0.0.1:7443
  balance leastconn
CFG
    for other in "${nodes[@]}"; do
      case $other in cp-*) echo "  server $other $(address "$other"):6443" ;; esac
    done
  } > "$root/etc/muster/balancer.cfg"
  unit "$root" muster-balancer <<'UNIT'
[Service]
Type=notify
ExecStart=/usr/sbin/haproxy -Ws -f /etc/muster/balancer.cfg
Restart=always
UNIT

  cat > "$root/etc/containerd/config.toml" <<TOML
version = 3
disabled_plugins = ["io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.devmapper", "io.containerd.snapshotter.v1.zfs"]
[plugins."io.containerd.cri.v1.images".pinned_images]
  sandbox = "$pause"
[plugins."io.containerd.cri.v1.runtime"]
  # Without CAP_SYS_RESOURCE a process must not lower its oom score, and runc would fail to.
  restrict_oom_score_adj = true
[plugins."io.containerd.cri.v1.runtime".cni]
  bin_dirs = ["/opt/muster/bin/cni"]
  conf_dir = "/etc/cni/net.d"
[plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc]
  runtime_type = "io.containerd.runc.v2"
TOML
  unit "$root" containerd <<'UNIT'
[Service]
Type=notify
Environment=PATH=/opt/muster/bin:/usr/sbin:/usr/bin:/sbin:/bin
ExecStart=/opt/muster/bin/containerd
Restart=always
KillMode=process
Delegate=yes
LimitNOFILE=1048576
UNIT
  local import=""
  for other in $images; do import="$import
ExecStart=/opt/muster/bin/ctr -n k8s.io images import /opt/muster/images/$(basename "$other")"; done
  unit "$root" muster-images <<UNIT
[Unit]
After=containerd.service
[Service]
Type=oneshot$import
ExecStart=/bin/true
UNIT

  # Pods: a bridge with a /24 per node, and a route to every other node's /24.
  cat > "$root/etc/cni/net.d/10-bridge.conflist" <<JSON
{"cniVersion": "0.3.1", "name": "bridge", "plugins": [
  {"type": "bridge", "bridge": "cni0", "isGateway": true, "hairpinMode": true,
   "ipam": {"type": "host-local", "ranges": [[{"subnet": "$pods.$n.0/24"}]], "routes": [{"dst": "0.0.0.0/0"}]}},
  {"type": "portmap", "capabilities": {"portMappings": true}}]}
JSON
  { echo '#!/bin/sh'
    for other in "${nodes[@]}"; do
      [ "$other" = "$node" ] || echo "ip route replace $pods.$(number "$other").0/24 via $(address "$other")"
    done
    echo "iptables -w -t nat -A POSTROUTING -s $pods.$n.0/24 ! -d $pods.0.0/16 -j MASQUERADE"
  } > "$root/opt/muster/routes"
  chmod +x "$root/opt/muster/routes"
  unit "$root" muster-routes <<'UNIT'
[Service]
Type=oneshot
ExecStart=/opt/muster/routes
UNIT

  cp "$pki/ca.crt" "$pki/proxy.crt" "$pki/proxy.key" "$root/etc/muster/pki"
  cp "$pki/kubelet-$node.crt" "$root/etc/muster/pki/kubelet.crt"
  cp "$pki/kubelet-$node.key" "$root/etc/muster/pki/kubelet.key"
  # kubelet renews this one itself, so it lives where kubelet keeps it: a link to the newest.
  mkdir -p "$base/$node/kubelet/pki"
  cat "$pki/kubelet-client-$node".{crt,key} > "$base/$node/kubelet/pki/kubelet-client-first.pem"
  chmod 0600 "$base/$node/kubelet/pki/kubelet-client-first.pem"
  ln -s /var/lib/kubelet/pki/kubelet-client-first.pem "$base/$node/kubelet/pki/kubelet-client-current.pem"
  local current=/var/lib/kubelet/pki/kubelet-client-current.pem
  kubeconfig "$root/etc/muster/kubelet.conf" https://127.0.0.1:7443 /etc/muster/pki/ca.crt $current $current
  kubeconfig "$root/etc/muster/proxy.conf" https://127.0.0.1:7443 /etc/muster/pki/ca.crt /etc/muster/pki/proxy.crt /etc/muster/pki/proxy.key

  cat > "$root/etc/muster/kubelet.yaml" <<'YAML'
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
authentication:
  anonymous: {enabled: false}
  webhook: {enabled: true}
  x509: {clientCAFile: /etc/muster/pki/ca.crt}
authorization: {mode: Webhook}
tlsCertFile: /etc/muster/pki/kubelet.crt
tlsPrivateKeyFile: /etc/muster/pki/kubelet.key
tlsMinVersion: VersionTLS12
rotateCertificates: true
readOnlyPort: 0
healthzBindAddress: 127.0.0.1
cgroupDriver: cgroupfs
failCgroupV1: false
containerRuntimeEndpoint: unix:///run/containerd/containerd.sock
seccompDefault: true
failSwapOn: false
protectKernelDefaults: false
clusterDomain: cluster.local
clusterDNS: [10.96.0.10]
resolvConf: /etc/resolv.conf
# How soon a node says that it became ready; the status is sent only when it changed.
nodeStatusUpdateFrequency: 1s
YAML
  case $node in cp-*)
    echo 'registerWithTaints: [{key: node-role.kubernetes.io/control-plane, effect: NoSchedule}]' \
      >> "$root/etc/muster/kubelet.yaml"
  esac
  unit "$root" kubelet <<UNIT
[Unit]
After=containerd.service muster-balancer.service
[Service]
ExecStart=/opt/muster/bin/kubelet --config=/etc/muster/kubelet.yaml --kubeconfig=/etc/muster/kubelet.conf \\
  --hostname-override=$node --node-ip=$ip
Restart=always
RestartSec=1
UNIT

  cat > "$root/etc/muster/proxy.yaml" <<YAML
apiVersion: kubeproxy.config.k8s.io/v1alpha1
kind: KubeProxyConfiguration
clientConnection: {kubeconfig: /etc/muster/proxy.conf}
hostnameOverride: $node
mode: nftables
clusterCIDR: $pods.0.0/16
metricsBindAddress: 127.0.0.1:10249
# The table's size is the host's to set.
conntrack: {maxPerCore: 0, min: 0}
YAML
  unit "$root" kube-proxy <<'UNIT'
[Unit]
After=muster-balancer.service
[Service]
ExecStart=/opt/muster/bin/kube-proxy --config=/etc/muster/proxy.yaml
Restart=always
RestartSec=1
UNIT
}

# --- what a control-plane node gets besides -----------------------------------------------------

write_master() {  # NODE
  local node=$1 ip root=$base/$1/upper pki=$base/pki p=/etc/muster/pki other etcds="" members=""
  ip=$(address "$node")
  for other in "${nodes[@]}"; do
    case $other in cp-*)
      etcds="$etcds${etcds:+,}https://$(address "$other"):2379"
      members="$members${members:+,}$other=https://$(address "$other"):2380" ;;
    esac
  done
  cp "$pki"/{ca.key,sa.key,sa.pub,etcd-ca.crt,front-proxy-ca.crt} "$root$p"
  cp "$pki"/{apiserver,apiserver-kubelet-client,apiserver-etcd-client,front-proxy-client,controller-manager,scheduler}.{crt,key} "$root$p"
  mkdir -p "$root/etc/muster/etcd" "$root/var/lib/etcd"
  cp "$pki/etcd-ca.crt" "$root/etc/muster/etcd/ca.crt"
  cp "$pki/etcd-$node.crt" "$root/etc/muster/etcd/member.crt"
  cp "$pki/etcd-$node.key" "$root/etc/muster/etcd/member.key"
  chmod 0700 "$root/var/lib/etcd"

  # A lone member waits a whole election timeout before it elects itself.
  local election=""
  [ "$masters" -gt 1 ] || election="--heartbeat-interval=10 --election-timeout=100"
  unit "$root" etcd <<UNIT
[Service]
Type=notify
ExecStart=/opt/muster/bin/etcd --name=$node --data-dir=/var/lib/etcd \\
  --listen-client-urls=https://$ip:2379,https://127.0.0.1:2379 --advertise-client-urls=https://$ip:2379 \\
  --listen-peer-urls=https://$ip:2380 --initial-advertise-peer-urls=https://$ip:2380 \\
  --initial-cluster=$members --initial-cluster-state=new --initial-cluster-token=floor \\
  --client-cert-auth --trusted-ca-file=/etc/muster/etcd/ca.crt \\
  --cert-file=/etc/muster/etcd/member.crt --key-file=/etc/muster/etcd/member.key \\
  --peer-client-cert-auth --peer-trusted-ca-file=/etc/muster/etcd/ca.crt \\
  --peer-cert-file=/etc/muster/etcd/member.crt --peer-key-file=/etc/muster/etcd/member.key \\
  --listen-metrics-urls=http://127.0.0.1:2381 $election
Restart=always
RestartSec=1
LimitNOFILE=65536
UNIT

  cat > "$root/etc/muster/encryption.yaml" <<YAML
apiVersion: apiserver.config.k8s.io/v1
kind: EncryptionConfiguration
resources:
- resources: [secrets]
  providers:
  - secretbox: {keys: [{name: key1, secret: $(cat "$base/encryption-key")}]}
  - identity: {}
YAML
  chmod 0600 "$root/etc/muster/encryption.yaml"
  cat > "$root/etc/muster/audit.yaml" <<'YAML'
apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
- {level: None, nonResourceURLs: ["/healthz*", "/livez*", "/readyz*", "/version", "/metrics"]}
- {level: None, resources: [{group: "", resources: [events]}, {group: events.k8s.io}]}
- {level: None, resources: [{group: coordination.k8s.io, resources: [leases]}]}
- {level: None, verbs: [get, list, watch], userGroups: ["system:nodes"]}
- {level: None, verbs: [get, list, watch], users: ["system:apiserver", "system:kube-controller-manager", "system:kube-scheduler", "system:kube-proxy"]}
- {level: Metadata}
YAML
  mkdir -p "$root/var/log/kubernetes"
  unit "$root" kube-apiserver <<UNIT
[Unit]
After=etcd.service
[Service]
Type=notify
ExecStart=/opt/muster/bin/kube-apiserver \\
  --advertise-address=$ip --secure-port=6443 --allow-privileged=true \\
  --tls-cert-file=$p/apiserver.crt --tls-private-key-file=$p/apiserver.key --tls-min-version=VersionTLS12 \\
  --client-ca-file=$p/ca.crt --anonymous-auth=false \\
  --authorization-mode=Node,RBAC --enable-admission-plugins=NodeRestriction \\
  --etcd-servers=$etcds --etcd-cafile=$p/etcd-ca.crt \\
  --etcd-certfile=$p/apiserver-etcd-client.crt --etcd-keyfile=$p/apiserver-etcd-client.key \\
  --kubelet-certificate-authority=$p/ca.crt --kubelet-preferred-address-types=InternalIP,Hostname \\
  --kubelet-client-certificate=$p/apiserver-kubelet-client.crt --kubelet-client-key=$p/apiserver-kubelet-client.key \\
  --requestheader-client-ca-file=$p/front-proxy-ca.crt --requestheader-allowed-names=front-proxy-client \\
  --requestheader-extra-headers-prefix=X-Remote-Extra- --requestheader-group-headers=X-Remote-Group \\
  --requestheader-username-headers=X-Remote-User \\
  --proxy-client-cert-file=$p/front-proxy-client.crt --proxy-client-key-file=$p/front-proxy-client.key \\
  --service-account-issuer=https://kubernetes.default.svc.cluster.local \\
  --service-account-key-file=$p/sa.pub --service-account-signing-key-file=$p/sa.key \\
  --service-cluster-ip-range=$services.0.0/16 \\
  --encryption-provider-config=/etc/muster/encryption.yaml \\
  --audit-policy-file=/etc/muster/audit.yaml --audit-log-path=/var/log/kubernetes/audit.log \\
  --audit-log-maxage=30 --audit-log-maxbackup=10 --audit-log-maxsize=100 --audit-log-mode=batch \\
  --profiling=false
Restart=always
RestartSec=1
LimitNOFILE=65536
UNIT

  kubeconfig "$root/etc/muster/controller-manager.conf" "https://$ip:6443" $p/ca.crt $p/controller-manager.crt $p/controller-manager.key
  unit "$root" kube-controller-manager <<UNIT
[Unit]
After=kube-apiserver.service
[Service]
ExecStart=/opt/muster/bin/kube-controller-manager --kubeconfig=/etc/muster/controller-manager.conf \\
  --authentication-kubeconfig=/etc/muster/controller-manager.conf \\
  --authorization-kubeconfig=/etc/muster/controller-manager.conf \\
  --client-ca-file=$p/ca.crt --requestheader-client-ca-file=$p/front-proxy-ca.crt \\
  --bind-address=127.0.0.1 --profiling=false --leader-elect=true \\
  --use-service-account-credentials=true --service-account-private-key-file=$p/sa.key --root-ca-file=$p/ca.crt \\
  --cluster-signing-cert-file=$p/ca.crt --cluster-signing-key-file=$p/ca.key --cluster-signing-duration=8760h \\
  --cluster-name=floor --allocate-node-cidrs=false --service-cluster-ip-range=$services.0.0/16
Restart=always
RestartSec=1
UNIT

  kubeconfig "$root/etc/muster/scheduler.conf" "https://$ip:6443" $p/ca.crt $p/scheduler.crt $p/scheduler.key
  unit "$root" kube-scheduler <<UNIT
[Unit]
After=kube-apiserver.service
[Service]
ExecStart=/opt/muster/bin/kube-scheduler --kubeconfig=/etc/muster/scheduler.conf \\
  --authentication-kubeconfig=/etc/muster/scheduler.conf --authorization-kubeconfig=/etc/muster/scheduler.conf \\
  --client-ca-file=$p/ca.crt --requestheader-client-ca-file=$p/front-proxy-ca.crt \\
  --bind-address=127.0.0.1 --profiling=false --leader-elect=true
Restart=always
RestartSec=1
UNIT
}

# --- nodes --------------------------------------------------------------------------------------

start_node() {  # NODE
  local node=$1 d=$base/$1 c g x binds=()
  ip netns add "mfl-$node"
  ip link add "mfl-$node" type veth peer name eth0 netns "mfl-$node"
  ip link set "mfl-$node" master $bridge up
  ip -n "mfl-$node" link set lo up
  ip -n "mfl-$node" address add "$(address "$node")/24" dev eth0
  ip -n "mfl-$node" link set eth0 up
  ip -n "mfl-$node" route add default via $net.1
  mkdir -p "$d"/{work,root,containerd}
  mount -t overlay overlay -o "lowerdir=$image,upperdir=$d/upper,workdir=$d/work" "$d/root"
  for c in $controllers; do
    g=/sys/fs/cgroup/$c/muster-floor
    mkdir -p "$g/$node"
    [ "$c" != cpuset ] || for x in cpuset.cpus cpuset.mems; do
      cat "/sys/fs/cgroup/cpuset/$x" > "$g/$x"
      cat "$g/$x" > "$g/$node/$x"
    done
  done
  for x in $images; do binds+=("--bind-ro=$x:/opt/muster/images/$(basename "$x")"); done
  (
    for c in $controllers; do echo 0 > "/sys/fs/cgroup/$c/muster-floor/$node/cgroup.procs"; done
    export SYSTEMD_NSPAWN_API_VFS_WRITABLE=network
    exec setsid systemd-nspawn --quiet --register=no --keep-unit --boot --directory="$d/root" \
      --network-namespace-path="/run/netns/mfl-$node" --machine="mfl-$node" --hostname="$node" \
      --capability=all --system-call-filter='@keyring bpf' --bind=/dev/kmsg \
      --bind="$d/containerd:/var/lib/containerd" --bind="$d/kubelet:/var/lib/kubelet" \
      --bind-ro="$bin:/opt/muster/bin" "${binds[@]}" \
      --resolv-conf=off --timezone=off --link-journal=no --console=pipe
  ) < /dev/null > "$d/console" 2>&1 &
  echo $! > "$d/pid"
}

api() { curl --silent --fail --max-time 5 --cacert "$base/pki/ca.crt" --cert "$base/pki/admin.crt" --key "$base/pki/admin.key" "https://$(address cp-1):6443$1"; }

up() {
  mkdir -p "$base"
  ssh-keygen -q -t ed25519 -N '' -C floor -f "$base/id"
  head -c 32 /dev/urandom | base64 > "$base/encryption-key"
  ip link add $bridge type bridge
  ip address add $net.1/24 dev $bridge
  ip link set $bridge up
  (make_certificates)
  say "certificates made"
  for node in "${nodes[@]}"; do
    (
      write_node "$node"
      case $node in cp-*) write_master "$node" ;; esac
      start_node "$node"
    ) &
  done
  wait
  say "nodes started"
  until api /readyz > /dev/null; do sleep 0.05; done
  say "API ready"
  kubectl apply -f - > /dev/null <<'YAML'
# The API server may ask kubelets for logs and exec; kubelets may renew their own certificates.
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: floor-apiserver-to-kubelet}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: "system:kubelet-api-admin"}
subjects: [{apiGroup: rbac.authorization.k8s.io, kind: User, name: kube-apiserver-kubelet-client}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: floor-kubelet-renewal}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: "system:certificates.k8s.io:certificatesigningrequests:selfnodeclient"}
subjects: [{apiGroup: rbac.authorization.k8s.io, kind: Group, name: "system:nodes"}]
YAML
  until [ "$(api /api/v1/nodes | grep -c '"reason": "KubeletReady"')" = ${#nodes[@]} ]; do sleep 0.05; done
  echo "floor: all nodes Ready after $(since) s"
}

down() {
  local d node pid
  for d in "$base"/*/pid; do
    [ -e "$d" ] || continue
    node=$(basename "$(dirname "$d")") pid=$(cat "$d")
    # The node's PID 1 takes all its processes along, and nspawn ends by itself then.
    # shellcheck disable=SC2046  # a list of pids
    kill -KILL $(cat "/proc/$pid/task/$pid/children" 2>/dev/null) 2>/dev/null || true
  done
  for d in "$base"/*/pid; do
    [ -e "$d" ] || continue
    node=$(basename "$(dirname "$d")")
    until [ -z "$(find /sys/fs/cgroup/pids/muster-floor/"$node" -name cgroup.procs -exec cat {} + 2>/dev/null)" ]; do sleep 0.02; done
    ip link del "mfl-$node" || true
    ip netns del "mfl-$node" || true
    umount "$base/$node/root" || true
  done
  find /sys/fs/cgroup/*/muster-floor -depth -type d -exec rmdir {} + 2>/dev/null || true
  ip link del $bridge 2>/dev/null || true
  rm -rf "$base"
}

kubectl() { "$bin/kubectl" --kubeconfig="$base/admin.conf" "$@"; }

case ${1:-} in
  up) up ;;
  down) down ;;
  kubectl) shift; kubectl "$@" ;;
  *) echo "usage: floor.sh up [BIN] | down | kubectl ..." >&2; exit 2 ;;
esac
