#!/bin/bash
# What definitions say of single programs, by the real binary on a node behind a real sshd, and held against
# the real programs: containerd pulls from a registry with a login and certificates of its own; kube-apiserver
# on etcd, with the flags and files that were rendered, believes an issuer and tells a webhook. In namespaces of
# its own; no systemd runs there, so the script starts what units say.
# Usage: programs.sh [BUILD_DIR]. Needs root, and Debian's package docker-registry, which it unpacks; a minute.
# Needs Kubernetes.
# shellcheck disable=SC2317  # what check calls is reached
set -u
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
suite=programs
. "$root/tests/support/cases.sh"
. "$root/tests/support/bare-node.sh"

if [ "${1:-}" != inside ]; then
  muster=$(realpath "${MUSTER:-${1:-$root/build/debug}/muster}")
  [ "$(id -u)" = 0 ] || { echo "skip $suite: needs root"; exit 0; }
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
  unpack_packages docker-registry ||
    { echo "FAIL $suite: Debian's docker-registry can be had: apt-get download failed"; exit 1; }
  release=$("$muster" version | sed -n 's/^Kubernetes \(v[0-9.]*\);.*/\1/p')
  find_programs "$release" containerd containerd-shim-runc-v2 ctr crictl etcd kube-apiserver kubectl pause-image ||
    { echo "FAIL $suite: the programs are in the cache"; exit 1; }
  cp "$work/packages/usr/bin/docker-registry" "$muster" "$work/bin"
  unshare --mount --net --pid --fork --kill-child --mount-proc "$0" inside "$work"
  exit
fi

work=$2
bin=$work/bin
bare_node || exit 1
echo '127.0.0.1 mirror.test login.test' >> /etc/hosts

# Of systemd only what restarts containerd is played.
cat > "$bin/systemctl" << SH2
#!/bin/bash
alive() { [ -s /run/containerd.pid ] && kill -0 "\$(cat /run/containerd.pid)" 2> /dev/null; }
case \$* in
  show*containerd.service)
    if alive; then active=active; else active=inactive; fi
    printf '%s\n' LoadState=loaded ActiveState=\$active UnitFileState=enabled NeedDaemonReload=no Job=
    ;;
  "restart containerd.service")
    ! alive || { kill "\$(cat /run/containerd.pid)"; while alive; do sleep 0.05; done; }
    [ ! -e /etc/systemd/system/containerd.service.d/muster-proxy.conf ] || { set -a; . /etc/containerd/proxy.env; }
    PATH=$bin:\$PATH setsid $bin/containerd > $work/containerd.log 2>&1 < /dev/null 7>&- &
    echo \$! > /run/containerd.pid
    until $bin/ctr --timeout 5s version > /dev/null 2>&1; do alive || exit 1; sleep 0.1; done
    # inotify instances of this machine, which other tests have at this moment: it serves without its CRI then.
    ! grep -q 'too many open files' $work/containerd.log || { sleep 1; exec "\$0" "\$@"; }
    ;;
  "-q is-enabled containerd.service") alive ;;
  *kubelet.service) exit 1 ;;
esac
SH2
chmod 755 "$bin/systemctl"

files_of_roles << 'ROLES' || exit 1
base
container-runtime base
etcd base
kube-control-plane base
k8s-master container-runtime kube-control-plane
ROLES

# --- who says who a user is, and who is told of what happened: certificates of the test's own

openssl req -x509 -newkey rsa:2048 -nodes -keyout "$work/tls.key" -out "$work/tls.crt" -days 2 \
  -subj /CN=mirror.test -addext 'subjectAltName=DNS:mirror.test,DNS:login.test' 2> /dev/null
openssl genrsa -out "$work/jwt.key" 2048 2> /dev/null
cat > "$work/login.py" << 'PYTHON'
import base64, http.server, json, pathlib, ssl, subprocess, sys, time
work = pathlib.Path(sys.argv[1])
issuer = "https://login.test:8443"
plain = lambda raw: base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
def openssl(*words, given=None):
    return subprocess.run(("openssl",) + words, input=given, stdout=subprocess.PIPE, check=True).stdout
modulus = bytes.fromhex(openssl("rsa", "-in", str(work / "jwt.key"), "-noout", "-modulus").decode().split("=")[1])
def token(**claims):
    claims = {"iss": issuer, "aud": "muster", "sub": "ann", "exp": int(time.time()) + 3600, **claims}
    signed = ".".join(plain(json.dumps(part).encode()) for part in ({"alg": "RS256", "kid": "k"}, claims))
    return signed + "." + plain(openssl("dgst", "-sha256", "-sign", str(work / "jwt.key"), given=signed.encode()))
(work / "token").write_text(token(groups=["admins"], hd="example.com"))
(work / "token.other").write_text(token(aud="other", hd="example.com"))
class Handler(http.server.BaseHTTPRequestHandler):
    def answer(self, value):
        body = json.dumps(value).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def do_GET(self):
        if self.path == "/keys":
            self.answer({"keys": [{"kty": "RSA", "kid": "k", "alg": "RS256", "use": "sig", "n": plain(modulus), "e": "AQAB"}]})
        else:
            self.answer({"issuer": issuer, "jwks_uri": issuer + "/keys", "response_types_supported": ["id_token"],
                         "subject_types_supported": ["public"], "id_token_signing_alg_values_supported": ["RS256"]})
    def do_POST(self):
        events = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        with open(work / "events", "a") as log:
            for event in events["items"]:
                print(self.headers["Authorization"], event["verb"], event["requestURI"], event["user"]["username"], file=log, flush=True)
        self.answer({})
server = http.server.ThreadingHTTPServer(("127.0.0.1", 8443), Handler)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(work / "tls.crt", work / "tls.key")
server.socket = context.wrap_socket(server.socket, server_side=True)
server.serve_forever()
PYTHON
python3 "$work/login.py" "$work" 2> "$work/login.log" &
until_true 120 is_open 8443

# --- the definition

run() {  # ARGUMENT...: leaves $code and what muster said in $work/out
  "$bin/muster" --roles "$work/mine" "$@" > "$work/out" 2>&1 < /dev/null
  code=$?
  cat "$work/out" >> "$work/all"
}
define() {  # PASSWORD [MORE]: the password of the mirror; MORE stands among the definition's keys
  printf '%s\n' "$1" > "$work/mirror.password"
  cat > "$work/d.json" << JSON
{"name": "d", "provider": {"name": "inventory", "hints": {"file": "$work/hosts.yaml"}},
 "attribs": {"k8s-kube_network_plugin": "none", "k8s-bin_dir": "$bin"},
 "registries": {
   "registry.k8s.io": {"mirrors": ["https://mirror.test:5000"]},
   "mirror.test:5000": {"ca": "tls.crt", "auth": {"username": "ann", "password_file": "mirror.password"}}},
 "audit": {
   "policy": {"apiVersion": "audit.k8s.io/v1", "kind": "Policy", "rules": [{"level": "Metadata"}]},
   "webhook": {"url": "https://login.test:8443/events", "ca": "tls.crt", "token": "geheim-token"}},
 "authentication": {"oidc": [{"issuer": "https://login.test:8443", "audiences": ["muster"], "ca": "tls.crt",
   "groups": {"claim": "groups"}, "required_claims": {"hd": "example.com"}}]},
 "extra_args": {"kube-apiserver": {"event-ttl": "2h", "enable-admission-plugins": "AlwaysPullImages",
   "audit-webhook-batch-max-wait": "1s", "goaway-chance": 0.01}, "etcd": {"max-wals": 7}},
 ${2:-}
 "nodes": [{"roles": ["etcd", "k8s-master"], "hosts": ["one"]}]}
JSON
  chmod 0600 "$work/d.json" "$work/mirror.password"
}

define geheim-mirror
run apply "$work/d.json" --yes --verbose --skip-check
expect "the definition is applied" 0 "'d' is up"
[ "$code" = 0 ] || { tail -n 15 "$work/out" >&2; exit 1; }
run plan "$work/d.json" --detailed-exitcode
expect "and nothing is left to do" 0

# --- containerd

logins=/etc/containerd/conf.d/muster-registries.toml
check "logins are root's alone" test "$(stat -c %a $logins)" = 600
serve_registry() {  # with the password that the registry wants
  python3 -W ignore -c 'import crypt, sys; print("ann:" + crypt.crypt(sys.argv[1], crypt.mksalt(crypt.METHOD_BLOWFISH, rounds=16)))' \
    "$1" > "$work/htpasswd"
  cat > "$work/registry.yml" << YAML
version: 0.1
storage: {filesystem: {rootdirectory: $work/registry}}
auth: {htpasswd: {realm: test, path: $work/htpasswd}}
http: {addr: "127.0.0.1:5000", tls: {certificate: $work/tls.crt, key: $work/tls.key}}
YAML
  "$bin/docker-registry" serve "$work/registry.yml" > "$work/registry.log" 2>&1 &
  until_true 120 is_open 5000
}
crictl() { "$bin/crictl" --config /etc/crictl.yaml "$@"; }
pull() { crictl pull "registry.k8s.io/test/pause:$1"; }
pull_not() {  # WHY
  local said
  said=$(pull other 2>&1) && { echo "it was pulled"; return 1; }
  grep -qF "$1" <<< "$said" || { echo "$said"; return 1; }
}
serve_registry geheim-mirror
check "containerd runs with what was rendered" "$bin/systemctl" restart containerd.service
"$bin/ctr" -n k8s.io images import --index-name registry.k8s.io/pause "$bin/pause-image" > "$work/import.log" 2>&1
name=$("$bin/ctr" -n k8s.io images ls -q | grep pause | head -n 1)
for tag in first other; do
  "$bin/ctr" -n k8s.io images tag "$name" "mirror.test:5000/test/pause:$tag" > /dev/null
  check "an image for the mirror: $tag" "$bin/ctr" -n k8s.io images push --local --user ann:geheim-mirror --tlscacert "$work/tls.crt" \
    "mirror.test:5000/test/pause:$tag"
done
check "an image comes from the mirror, with login and certificates" pull first
check "the registry saw who asked" grep -q 'auth.user.name=ann' "$work/registry.log"

define other-password
run plan "$work/d.json" --detailed-exitcode
expect "another password is planned, without saying it" 2 registries
run plan "$work/d.json" --json
check "nor does the plan as JSON" sh -c "! grep -q 'other-password\|geheim' '$work/out'"
run apply "$work/d.json" --yes --skip-check
expect "it is applied" 0
check "with the wrong one nothing is pulled" pull_not "401 Unauthorized"
run rollback d --to 1 --yes --skip-check
expect "a rollback keeps the password of now" 0
check "it does" grep -q other-password $logins
define geheim-mirror
run apply "$work/d.json" --yes --skip-check
check "with the right one it is" pull other
rm -f /etc/containerd/certs.d/mirror.test_5000_/ca.crt
run plan "$work/d.json" --refresh --detailed-exitcode
expect "certificates that are gone are drift" 2 "certificates of mirror.test:5000"
crictl rmi registry.k8s.io/test/pause:other > /dev/null 2>&1
check "without them the mirror is not believed" pull_not "unable to read CA cert"
run apply "$work/d.json" --yes --skip-check
expect "and are brought again" 0
check "then it is" pull other

# --- a proxy

define geheim-mirror '"proxy": {"http": "http://ann:geheim-proxy@10.0.0.9:3128", "no_proxy": [".test"]},'
run apply "$work/d.json" --yes --skip-check
expect "a proxy with a login" 0
check "containerd's unit has it from a file" grep -qx 'EnvironmentFile=/etc/containerd/proxy.env' \
  /etc/systemd/system/containerd.service.d/muster-proxy.conf
check "which is root's alone" test "$(stat -c %a /etc/containerd/proxy.env)" = 600
check "and has the login" grep -qx 'HTTP_PROXY="http://ann:geheim-proxy@10.0.0.9:3128"' /etc/containerd/proxy.env
# shellcheck disable=SC2016
check "containerd was restarted with it" sh -c 'tr "\\0" "\\n" < /proc/$(cat /run/containerd.pid)/environ | grep -qx HTTP_PROXY=http://ann:geheim-proxy@10.0.0.9:3128'
check "the cluster's own goes without" grep -q '^NO_PROXY="localhost,127.0.0.0/8,::1,10.233.0.0/18,10.233.64.0/18,.svc,.cluster.local,one,10.9.0.1,.test"$' \
  /etc/containerd/proxy.env
define geheim-mirror
run apply "$work/d.json" --yes --skip-check
expect "the proxy goes" 0
check "its files are gone" sh -c '! ls /etc/containerd/proxy.env /etc/systemd/system/containerd.service.d 2> /dev/null'

# --- the API server: what its unit says, on an etcd that does what its own says

(start etcd.service etcd.log) &
etcd=$!
(start kube-apiserver.service kube-apiserver.log) &
api() { "$bin/kubectl" --kubeconfig=/etc/kubernetes/admin.conf --server=https://127.0.0.1:6443 "$@"; }
serves() {
  until_true 120 api get --raw /readyz || { grep -v '^[IW]' "$work/kube-apiserver.log" | tail -n 5; return 1; }
}
check "etcd and kube-apiserver run with what was rendered" serves
[ "$failures" = 0 ] || exit 1
check "etcd has the flag" grep -q 'max-wals.*7\|"max-wals":7' "$work/etcd.log"
asks() {  # TOKEN-FILE
  curl -sS --cacert /etc/kubernetes/ssl/ca.crt -H "Authorization: Bearer $(cat "$1")" -H 'Content-Type: application/json' \
    -d '{"apiVersion":"authentication.k8s.io/v1","kind":"SelfSubjectReview"}' \
    https://127.0.0.1:6443/apis/authentication.k8s.io/v1/selfsubjectreviews
}
is_ann() { asks "$work/token" | tr -d ' \n' | grep -F '"username":"oidc:ann"' | grep -F '"oidc:admins"'; }
is_nobody() { asks "$work/token.other" | grep -F '"code": 401'; }
check "a user of the issuer's is known, with groups" until_true 120 is_ann
check "one whose token is for others is not" is_nobody
check "the webhook is told, with the token" until_true 120 grep -q '^Bearer geheim-token .*/selfsubjectreviews oidc:ann' "$work/events"
check "so is the file" until_true 120 grep -q '"level":"Metadata".*selfsubjectreviews' /var/log/kubernetes/audit.log

# --- secrets

run history d --diff
run history d --json
cat "$work/out" >> "$work/all"
run status d
check "no secret was ever shown" sh -c "! grep -n 'geheim\|other-password' '$work/all'"
check "nor recorded but as a secret" python3 -c '
import sqlite3, sys
db = sqlite3.connect(sys.argv[1])
for table, in db.execute("SELECT name FROM sqlite_master WHERE type = \"table\" AND name != \"secrets\"").fetchall():
    for row in db.execute(f"SELECT * FROM {table}"):
        assert not any("geheim" in str(field) or "other-password" in str(field) for field in row), table
assert db.execute("SELECT count(*) FROM secrets WHERE value LIKE \"geheim%\"").fetchone()[0] > 1
' "$(find "$work/state" -name '*.db' -o -name '*.sqlite*' | grep -v -- '-wal\|-shm' | head -n 1)"
kill "$etcd"  # its user goes
wait "$etcd"
run destroy d --yes
expect "all is undone" 0
check "nothing is left of it" sh -c '! ls -d /etc/containerd /etc/kubernetes 2> /dev/null'
exit $((failures > 0))
