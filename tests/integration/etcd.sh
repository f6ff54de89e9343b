#!/bin/bash
# What `muster etcd` and `muster recover` run on a node (provisioner/operations/etcd.sh), with a real etcd, also
# when it was cut and begins anew: muster's own, then Debian 12's, which nodes of v1.20 have, and whose data
# muster's takes over at last. In namespaces of its own; of systemd only what starts and stops etcd is played.
# Usage: etcd.sh [BUILD_DIR]. Needs root, and Debian's packages of etcd, which it unpacks; some seconds.
# Needs Kubernetes.
# shellcheck disable=SC2317  # what check calls is reached
set -u
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
muster=${MUSTER:-$root/build/debug/muster}
if [ "${1:-}" != inside ]; then
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
  mkdir "$work/packages" "$work/own" "$work/debian"
  download() { (cd "$work/packages" && apt-get -qq download -o APT::Sandbox::User=root etcd-server etcd-client); }
  download || { apt-get -qq update && download; } ||
    { echo "FAIL etcd on a node: Debian's packages of etcd can be had: apt-get download failed"; exit 1; }
  for package in "$work"/packages/*.deb; do dpkg -x "$package" "$work/packages"; done
  cp "$work"/packages/usr/bin/etcd* "$work/debian"
  for program in etcd etcdctl etcdutl; do
    cp "$("$muster" artifacts path $program)" "$work/own/$program" ||
      { echo "FAIL etcd on a node: $program is in the cache"; exit 1; }
  done
  for whose in own debian; do
    unshare --mount --net --pid --fork --kill-child --mount-proc "$0" inside "$work" $whose || failed=1
  done
  exit "${failed:-0}"
fi

work=$2 whose=$3
suite="etcd on a node, $whose"
programs=$work/$whose
mkdir -p "$work/bin"
export PATH="$work/bin:$PATH"
. "$root/tests/support/cases.sh"
cp -a /etc "$work/etc"
mount --bind "$work/etc" /etc
for folder in /run /var/lib; do mount -t tmpfs none $folder; done
mkdir -p /etc/etcd /var/lib/etcd
getent passwd etcd >/dev/null || { echo 'etcd:x:990:990::/:/bin/false' >>/etc/passwd; echo 'etcd:x:990:' >>/etc/group; }
ip link set lo up
echo "$programs" >/run/programs

cat >"$work/bin/systemctl" <<'SH2'
#!/bin/bash
alive() { [ -s /run/etcd.pid ] && kill -0 "$(cat /run/etcd.pid)" 2>/dev/null; }
key="cert-file=/etc/etcd/member.crt" own=https://127.0.0.1
case $* in
  "is-active etcd.service") if alive; then echo active; else echo inactive; fi ;;
  "stop etcd.service") ! alive || { kill "$(cat /run/etcd.pid)"; while alive; do sleep 0.05; done; } ;;
  "start --no-block etcd.service")
    . /etc/etcd/cluster.env && export ETCD_INITIAL_CLUSTER ETCD_INITIAL_CLUSTER_STATE
    setsid "$(cat /run/programs)/etcd" --name=a --data-dir=/var/lib/etcd/member --listen-client-urls=$own:2379 \
      --advertise-client-urls=$own:2379 --listen-peer-urls=$own:2380 --initial-advertise-peer-urls=$own:2380 \
      --client-cert-auth --trusted-ca-file=/etc/etcd/ca.crt --$key --key-file=/etc/etcd/member.key \
      --peer-client-cert-auth --peer-trusted-ca-file=/etc/etcd/ca.crt --peer-$key \
      --peer-key-file=/etc/etcd/member.key >/run/etcd.log 2>&1 </dev/null &
    echo $! >/run/etcd.pid
    ;;
esac
SH2
chmod +x "$work/bin/systemctl"

make_key() {
  cd /etc/etcd || return
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout ca.key -out ca.crt \
    -subj /CN=ca -days 2 &&
    openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout member.key -out member.csr \
      -subj /CN=a &&
    openssl x509 -req -in member.csr -CA ca.crt -CAkey ca.key -CAcreateserial -out member.crt -days 2 \
      -extfile <(printf 'subjectAltName=IP:127.0.0.1\nextendedKeyUsage=serverAuth,clientAuth\n')
}
script() {  # WORD...
  printf 'm_name=a\nm_programs=%s\nm_kubectl=true\nm_kubeconfig=none\nm_patience=1\n' "$programs"
  cat "$root/provisioner/operations/etcd.sh"
  printf 'm_case'
  printf " '%s'" "$@"
}
does() { { script "$@"; echo ' </dev/null'; } | sh; }
receives() {  # SHA256 FILE: as muster sends it
  script receive "$1" >"$work/script"
  echo >>"$work/script"
  cat "$work/script" "$2" | sh -c "eval \"\$(dd bs=1 count=$(stat -c %s "$work/script") 2>/dev/null)\""
}
fails() {  # TEXT COMMAND...
  local text=$1 said
  shift
  if said=$("$@" 2>&1); then echo "it did not fail"; return 1; fi
  echo "$said"
  grep -qF -- "$text" <<<"$said"
}
says() {  # TEXT WORD...: that function of etcd.sh
  local text=$1 said
  shift
  said=$(does "$@") || return
  echo "$said"
  grep -qF -- "$text" <<<"$said"
}
ctl() {
  ETCDCTL_API=3 "$programs/etcdctl" --cacert /etc/etcd/ca.crt --cert /etc/etcd/member.crt --key /etc/etcd/member.key "$@"
}
has_value() { [ "$(ctl get "$1" --print-value-only)" = "$2" ]; }
# What lies in etcd's folder, in one line.
holds() { [ "$(cd /var/lib/etcd && echo *)" = "$1" ] || { ls -l /var/lib/etcd; return 1; }; }
again() { does prepare "$sha256" hashed "$cluster" "$1" "$peer" && does stop_etcd && does swap "$cluster" "$2"; }

peer=https://127.0.0.1:2380
cluster=a=$peer
check "there is a certificate" make_key
printf 'ETCD_INITIAL_CLUSTER=%s\nETCD_INITIAL_CLUSTER_STATE=new\n' $cluster >/etc/etcd/cluster.env
check "etcd starts" does start_etcd 20
check "a member tells that it is healthy" says 'healthy true' member
ctl put x one >/dev/null

does save >"$work/stream" 2>"$work/out"
size=$(sed -n '/^bytes$/q; s/^size //p' "$work/stream")
sha256=$(sed -n '/^bytes$/q; s/^sha256 //p' "$work/stream")
tail -c "$size" "$work/stream" >"$work/s.db"
check "a snapshot is saved, and is what its announcement says" \
  test "$(sha256sum <"$work/s.db" | cut -d' ' -f1)" = "$sha256"
check "muster finds it whole" "$muster" etcd verify "$work/s.db"
left=$(find /var/lib -maxdepth 1 -name 'muster-etcd.*')
check "nothing of it stays" test -z "$left"

ctl put x two >/dev/null
check "a snapshot is taken" receives "$sha256" "$work/s.db"
check "it is known then" says 'has true' has "$sha256"
check "one that was changed on its way is not" fails 'not what was sent' receives "$sha256" "$work/script"
check "what is missing cannot be made data of" fails 'snapshot restore' \
  does prepare "$sha256" hashed $cluster t $peer
check "and nothing is put in place" fails 'no data was made ready' does swap $cluster before-restore-0
check "etcd runs as before" has_value x two

check "it is taken again" receives "$sha256" "$work/s.db"
check "the data is put in place" again first before-restore-1
check "the member says that a restore is not at its end" says 'unproven before-restore-1' member
check "cut there, it can be done again" again second before-restore-2
check "whose end nobody heard of, too" does swap $cluster before-restore-2
check "and nothing more is done" holds 'before-restore-1 before-restore-2 incoming member restore-begun'
check "etcd starts with it" does start_etcd 20
check "it has what the snapshot had" has_value x one
check "the end keeps the data from before all tries" says 'before /var/lib/etcd/before-restore-1' finish
check "and nothing else of it stays" holds 'before-restore-1 before-restore-2 member'
check "without data etcd would not begin a cluster" grep -qx ETCD_INITIAL_CLUSTER_STATE=existing /etc/etcd/cluster.env

ctl put x three >/dev/null
check "etcd stops" does stop_etcd
check "its data is looked at" says '"revision":3' look
check "a member's own data makes a cluster of one" does alone $cluster third $peer before-restore-3
check "and again, when nobody heard of its end" does alone $cluster third $peer before-restore-3
check "which is done once" holds 'before-restore-1 before-restore-2 before-restore-3 member restore-begun'
# As a loss of power leaves it between the two renames.
rm -rf /var/lib/etcd/member
check "cut in the middle, the data is found where it is" says 'data true' member
check "it is looked at there" says '"revision":3' look
check "and another try makes a cluster of it" does alone $cluster fourth $peer before-restore-4
check "etcd starts with that" does start_etcd 20
check "it has what was written last" has_value x three
check "only the data of the last restore is kept" says 'before /var/lib/etcd/before-restore-3' finish
check "the older is gone" holds 'before-restore-3 member'

flock /run/muster.lock sleep 100 &
holder=$!
until ! flock -n /run/muster.lock true; do sleep 0.05; done
check "while another run works on the node, nothing is changed" fails 'another run of muster' does stop_etcd
check "but told" says 'healthy true' member
pkill -KILL -P "$holder"
kill -9 "$holder" 2>/dev/null
check "a member leaves its old cluster" eval 'does stop_etcd && does leave before-restore-4'
check "its data is put aside" holds 'before-restore-3 before-restore-4'
check "it begins anew then" test ! -e /etc/etcd/cluster.env
[ $whose = debian ] || exit $((failures > 0))

# --- muster's etcd takes over what Debian's wrote

rm -rf /var/lib/etcd/*
printf 'ETCD_INITIAL_CLUSTER=%s\nETCD_INITIAL_CLUSTER_STATE=new\n' $cluster >/etc/etcd/cluster.env
printf '[Unit]\nDescription=etcd, member a\n' >/etc/systemd/system/etcd.service
membership() { # WORD...: what the role's script does with that
  sed -E "s#\{\{node.name}}#a#; s#\{\{node.address}}#127.0.0.1#; s#\{\{cluster.bin_dir}}#$work/own#
    s#\{\{cluster.name}}#c#; s#^wanted=.*#wanted=' a '#; s#^all=.*#all=$cluster#; s#^others=\{.*#others=#" \
    "$root/templates/etcd/membership.sh" | sh -s "$@"
}
check "Debian's etcd starts anew" does start_etcd 20
for ((i = 0; i < 40; i++)); do ctl put "k$i" $i >/dev/null; done
check "it is asked in a way that its log keeps" \
  curl -s --cacert /etc/etcd/ca.crt --cert /etc/etcd/member.crt --key /etc/etcd/member.key https://127.0.0.1:2379/health
ctl put last write >/dev/null
revision() { ctl get last -w json | sed 's/.*"revision":\([0-9]*\).*/\1/'; }
before=$(revision)
check "the data is seen to be Debian's" membership old
# Guides of 3.4 have everybody set this; 3.6 says of it on stderr that it knows no such variable.
check "that of the only one is taken over, whatever etcdctl says besides" eval 'ETCDCTL_API=3 membership take_over'
echo "$work/own" >/run/programs
check "muster's etcd starts with it" does start_etcd 20
check "it has what was written last" has_value last write
check "and all that was before" test "$(ctl get --prefix k --keys-only | grep -c k)" = 40
check "with its revisions" test "$(revision)" = "$before"
printf '[Unit]\nDescription=etcd v3.6.16, member a\n' >/etc/systemd/system/etcd.service
check "then it is muster's" eval '! membership old'
exit $((failures > 0))
