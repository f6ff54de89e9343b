#!/usr/bin/env bash
# Bundles, mirrors and proxies with the real binary: a mirror of small files fills an empty cache, and
# no cluster is made. Usage: MUSTER=build/debug/muster bundle.sh [BUILD_DIR]. Needs root; seconds.
# Runs beside others.
set -u

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
muster=$(realpath "${MUSTER:-${1:-$root/build/debug}/muster}")
work=$(mktemp -d "${TMPDIR:-/tmp}/muster-bundle.XXXXXX")
servers=()
trap 'kill "${servers[@]}" 2>/dev/null; rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
export MUSTER_STATE=$work/state MUSTER_CACHE=$work/cache MUSTER_LOCAL_DIR=$work/local
unset http_proxy https_proxy HTTPS_PROXY all_proxy ALL_PROXY no_proxy NO_PROXY MUSTER_MIRRORS
suite=bundle
. "$root/tests/support/cases.sh"
. "$root/tests/support/until.sh"

# A mirror, or a proxy: says its port in a file, and notes what it is asked.
cat > "$work/server.py" <<'PYTHON'
import functools, gzip, hashlib, http.server, io, json, os, sys, tarfile, urllib.request
name, folder = sys.argv[1:]
direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
def blob(content): return "sha256:" + hashlib.sha256(content).hexdigest()
parts = {blob(text): text for text in (b"{}", b"layer")}
@functools.lru_cache
def archive(stem):
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w") as tar:
        for name in [f"{stem}/etcd", f"{stem}/etcdctl", f"{stem}/etcdutl", "bin/containerd", "bin/ctr",
                     "bin/containerd-shim-runc-v2", "bridge", "host-local", "loopback", "portmap", "crictl"]:
            content = (name + "\n").encode() * 500
            member = tarfile.TarInfo(name)
            member.size, member.mode = len(content), 0o755
            tar.addfile(member, io.BytesIO(content))
    return gzip.compress(raw.getvalue(), mtime=0)
def release(path):
    folder, last = path.rsplit("/", 1)
    if last in ("SHA256SUMS", "runc.sha256sum"):
        version = folder.rsplit("/", 1)[-1]
        names = [f"etcd-{version}-linux-{arch}.tar.gz" if last == "SHA256SUMS" else f"runc.{arch}"
                 for arch in ("arm64", "amd64")]
    elif last.endswith((".sha256", ".sha256sum")):
        names = [last.rsplit(".", 1)[0]]
    else:
        return archive(last.removesuffix(".tar.gz")) if last.endswith("gz") else (last + "\n").encode() * 500
    return "".join(f"{hashlib.sha256(release(f'{folder}/{n}')).hexdigest()}  {n}\n" for n in names).encode()
def page(path):
    last = path.rsplit("/", 1)[-1]
    if path.startswith("/programs/"): return release(path)
    if path.startswith("/k8s/release/"):
        binary = (last.removesuffix(".sha256") + "\n").encode() * 5000
        return hashlib.sha256(binary).hexdigest().encode() if last.endswith(".sha256") else binary
    if path.startswith("/images/v2/") and "/manifests/" in path:
        return json.dumps({"config": {"digest": blob(b"{}")}, "layers": [{"digest": blob(b"layer")}]}).encode()
    return parts.get(last) if path.startswith("/images/v2/") else None
class Handler(http.server.BaseHTTPRequestHandler):
    def note(self):
        with open(f"{folder}/{name}.log", "a") as log: log.write(f"{self.command} {self.path}\n")
    def do_GET(self):
        self.note()
        body = direct.open(self.path).read() if name == "proxy" else page(self.path)
        self.send_response(404 if body is None else 200)
        self.send_header("Content-Length", str(len(body or b"")))
        self.end_headers()
        self.wfile.write(body or b"")
    def do_CONNECT(self):
        self.note()
        self.send_error(403)
    def log_message(self, *_): pass
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
open(f"{folder}/{name}.log", "w").close()
with open(f"{folder}/{name}.new", "w") as port: port.write(str(server.server_port))
os.rename(f"{folder}/{name}.new", f"{folder}/{name}.port")
server.serve_forever()
PYTHON
for name in mirror proxy; do
  python3 "$work/server.py" $name "$work" & servers+=($!)
  until_true 20 test -s "$work/$name.port" || { fail "the $name starts" ""; exit 1; }
done
mirror=http://127.0.0.1:$(cat "$work/mirror.port") proxy=http://127.0.0.1:$(cat "$work/proxy.port")
mirrors_at() { echo "https://dl.k8s.io=$1/k8s https://storage.googleapis.com=$1/none https://registry.k8s.io=$1/images https://github.com=$1/programs"; }

run() { "$muster" "$@" > "$work/out" 2>&1 < /dev/null; code=$?; }
asked() { wc -l < "$work/$1.log"; }
flip() {  # FILE OFFSET: one bit of the byte there
  local old
  old=$(od -An -tu1 -j "$2" -N 1 "$1")
  printf '%b' "\\0$(printf %o $((old ^ 1)))" | dd of="$1" bs=1 seek="$2" conv=notrunc status=none
}

cat > "$work/site.json" <<'JSON'
{
  "name": "site",
  "provider": {"name": "inventory"},
  "nodes": [{"prefix": "both", "roles": ["etcd", "k8s-master", "k8s-worker", "k8s-addons"]}]
}
JSON
bundle=$work/b.tar.zst
export MUSTER_MIRRORS
MUSTER_MIRRORS=$(mirrors_at "$mirror")

# --- create, from a mirror
run bundle create "$work/site.json"
expect "create wants to know where to" 2 "say where the bundle goes: --out bundle.tar.zst"
run bundle create "$work/site.json" -o "$bundle"
expect "create gets what is missing, from the mirrors" 0 "$bundle: " "21 files" "for site" \
  "downloading $mirror/k8s/release/v1.37.2/bin/linux/" "pulling $mirror/images/v2/pause/manifests/3.10.2" \
  "downloading $mirror/programs/etcd-io/etcd/releases/download/"
expect "and says what a bundle does not hold" 0 \
  "not in the bundle: packages, which the nodes of provider 'inventory' install" "curl" "haproxy"
check "no other place was asked" test "$(grep -c "GET /k8s/release\|GET /images/v2\|GET /programs/" "$work/mirror.log")" = "$(asked mirror)"
before=$(asked mirror)
run bundle create "$work/site.json" -o "$work/again.tar.zst"
check "the same again is the same, byte by byte" cmp "$bundle" "$work/again.tar.zst"
check "and asks nobody" test "$(asked mirror)" = "$before"
run bundle create "$work/site.json" -o "$work/none/b.tar.zst"
expect "where it cannot be written" 1 "cannot write" "No such file or directory"
sed 's/k8s-worker/k8s-wroker/' "$work/site.json" > "$work/wrong.json"
run bundle create "$work/wrong.json" -o "$work/wrong.tar.zst"
expect "no bundle is made of a wrong definition" 2 "k8s-wroker" "no bundle is made"

# --- list and verify
run bundle list "$bundle"
expect "list shows the files" 0 "artifacts/kubelet@v1.37.2-" "artifacts/coredns-image@v1.15.0-" "artifacts/etcdutl@"
run bundle list "$bundle" -o json
json() { python3 -c "import json,sys; d=json.load(open('$work/out')); assert $1, d"; }
check "list -o json is the manifest" json "d['format'] == 1 and len(d['files']) == 21 and d['definitions'] == ['site']"
run bundle verify "$bundle"
expect "verify of a whole bundle" 0 "$bundle: whole, 21 files"

# --- damage
kubelet_at() {  # the offset in the bundle of a byte of kubelet's
  python3 - "$bundle" <<'PYTHON'
import json, subprocess, sys
text = open(sys.argv[1], "rb").read()
listed = [f["path"] for f in json.load(open(sys.argv[1].rsplit("/", 1)[0] + "/out"))["files"]]
at = 0  # each file ends with a sum behind this mark
for _ in range(1 + [p.split("@")[0] for p in listed].index("artifacts/kubelet")):
    at = text.index(b"\x5d\x2a\x4d\x18\x40\0\0\0", at) + 72
print(at + 100)
PYTHON
}
run bundle list "$bundle" -o json
cp "$bundle" "$work/flipped.tar.zst"
flip "$work/flipped.tar.zst" "$(kubelet_at)"
run bundle verify "$work/flipped.tar.zst"
expect "one flipped byte: verify names the file" 2 "flipped.tar.zst' is damaged at 'artifacts/kubelet@v1.37.2-"
MUSTER_CACHE=$work/empty run apply --bundle "$work/flipped.tar.zst" "$work/site.json" --yes
expect "one flipped byte: apply refuses, and names the file" 2 "is damaged at 'artifacts/kubelet@v1.37.2-"
check "the cache has none of it" test ! -e "$work/empty/index/$(basename "$(ls "$work"/cache/index/kubelet@*)")"
head -c -200 "$bundle" > "$work/cut.tar.zst"
run bundle verify "$work/cut.tar.zst"
expect "a bundle that was cut" 2 "the bundle is cut"
run bundle list "$work/site.json"
expect "what is no bundle" 2 "is no bundle"

# --- nothing is fetched beside a bundle
before=$(asked mirror)
MUSTER_CACHE=$work/fresh run apply --bundle "$bundle" "$root/examples/quickstart.json" --yes
expect "what is in neither is named, with the way out" 1 \
  "the node image 'node-" "is neither in the cache nor in the bundle" "muster bundle create"
check "nobody was asked" test "$(asked mirror)" = "$before"
check "but the cache has what the bundle had" test "$(find "$work/fresh/store" -type f | wc -l)" = \
  "$(find "$work/cache/store" -type f | wc -l)"
check "no node was made" test -z "$("$muster" list 2>/dev/null)"
# --- killed while it takes files out of a bundle
# In the foreground timeout waits for what it killed; else it dies with it, and may be first.
for ms in 005 010 015 020 025 030 040 050 060 080; do
  MUSTER_CACHE=$work/killed timeout --foreground -s KILL "0.$ms" "$muster" apply --bundle "$bundle" \
    "$root/examples/quickstart.json" --yes > /dev/null 2>&1
done 2> /dev/null
MUSTER_CACHE=$work/killed run apply --bundle "$bundle" "$root/examples/quickstart.json" --yes
expect "after ten that were killed, it goes on" 1 "is neither in the cache nor in the bundle"
MUSTER_CACHE=$work/killed run artifacts verify
expect "and all that is there is whole" 0 "every cached artifact is as its sha256 says"
check "all of it" test "$(find "$work/killed/index" -name '*.json' | wc -l)" = 21
run apply --bundle "$bundle" --destroy "$work/site.json"
expect "a bundle destroys nothing" 2 "'--bundle' and '--destroy' do not go together"

# --- proxies
MUSTER_MIRRORS=$(mirrors_at "http://localhost:${mirror##*:}")
MUSTER_CACHE=$work/by-proxy http_proxy=$proxy run bundle create "$work/site.json" -o "$work/p.tar.zst"
expect "through http_proxy" 0 "21 files"
check "the proxy was asked for all of it" test "$(grep -c "^GET http://localhost:${mirror##*:}/" "$work/proxy.log")" = "$(asked proxy)"
check "and for the kubelet" grep -q "/kubelet$" "$work/proxy.log"
before=$(asked proxy)
MUSTER_CACHE=$work/past-proxy http_proxy=$proxy no_proxy=localhost run bundle create "$work/site.json" -o "$work/p.tar.zst"
expect "past it, as no_proxy says" 0 "21 files"
check "then it is not asked" test "$(asked proxy)" = "$before"
# Of a release that nobody can build here, so that a failed download is the end.
MUSTER_MIRRORS=
MUSTER_CACHE=$work/by-tunnel https_proxy=$proxy run artifacts fetch --kubernetes v1.37.1
expect "https goes through a tunnel of https_proxy, and a refusal is an error" 1 "cannot get kube-apiserver v1.37.1"
check "the proxy was asked for the tunnel" grep -q "^CONNECT dl.k8s.io:443$" "$work/proxy.log"
MUSTER_MIRRORS=https://dl.k8s.io run artifacts list
expect "mirrors that are wrong" 2 "MUSTER_MIRRORS is wrong at 'https://dl.k8s.io'"
exit $((failures > 0))
