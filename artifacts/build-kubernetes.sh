#!/bin/sh
# Builds the Kubernetes server binaries from Debian's source package, for machines that cannot
# reach upstream. Usage: build-kubernetes.sh OUTDIR. Progress goes to stderr.
#
# Debian 12 ships Kubernetes v1.20.2 as "kubernetes 1.20.5+really1.20.2". It has no go.mod that a
# current Go accepts, so it is built in GOPATH mode with Debian's Go 1.19, called by its full path:
# a newer Go in PATH may refuse this tree.
set -eu

version=v1.20.2
out=${1:?usage: build-kubernetes.sh OUTDIR}
work=$(mktemp -d "${TMPDIR:-/var/tmp}/muster-kubernetes.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM

say() { echo "kubernetes: $*" >&2; }

say "installing what the build needs (Go 1.19, rsync, jq, gcc)"
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
apt-get install -y -qq --no-install-recommends \
  golang-1.19-go golang-github-modern-go-reflect2-dev rsync jq make gcc libc6-dev dpkg-dev \
  xz-utils >/dev/null

say "fetching the source package"
# A private sources list: the machine's own lists stay as they are.
mirror=${MUSTER_DEBIAN_MIRROR:-http://deb.debian.org/debian}
security=${MUSTER_DEBIAN_SECURITY_MIRROR:-http://deb.debian.org/debian-security}
cat > "$work/deb-src.list" <<LIST
deb-src $mirror bookworm main
deb-src $mirror bookworm-updates main
deb-src $security bookworm-security main
LIST
mkdir -p "$work/lists/partial" "$work/src"
apt_options="-o Dir::Etc::SourceList=$work/deb-src.list -o Dir::Etc::SourceParts=/dev/null
  -o Dir::State::Lists=$work/lists -o APT::Sandbox::User=root"
# shellcheck disable=SC2086
apt-get $apt_options update -qq
# shellcheck disable=SC2086
(cd "$work/src" && apt-get $apt_options source -qq --only-source kubernetes >&2)
tree=$(find "$work/src" -maxdepth 1 -type d -name 'kubernetes-*')

# The reflect2 1.0.1 of this tree calls into Go's runtime with the signature from before Go 1.18:
# what encodes a map as JSON (the audit log, first of all) then dies of SIGSEGV. 1.0.2 is mended.
reflect2=github.com/modern-go/reflect2
rm -rf "$tree/vendor/$reflect2"
cp -rL "/usr/share/gocode/src/$reflect2" "$tree/vendor/$reflect2"

say "compiling (about 8 minutes on 2 cores)"
export GOPATH="$work/go" GOROOT=/usr/lib/go-1.19 PATH="/usr/lib/go-1.19/bin:$PATH"
export GO111MODULE=off CGO_ENABLED=0 GOFLAGS="" GOCACHE="$work/gocache"
mkdir -p "$GOPATH/src/k8s.io"
ln -s "$tree" "$GOPATH/src/k8s.io/kubernetes"
cd "$GOPATH/src/k8s.io/kubernetes"
components="kube-apiserver kube-controller-manager kube-scheduler kubelet kube-proxy kubectl"
what=""
for component in $components; do what="$what cmd/$component"; done
# make, not go build: it generates the OpenAPI code that kube-apiserver needs.
make WHAT="$what" KUBE_GIT_VERSION=$version KUBE_GIT_TREE_STATE=clean KUBE_GIT_COMMIT=debian \
  GOLDFLAGS="-s -w" >&2

mkdir -p "$out"
for component in $components; do
  install -m 0755 "_output/bin/$component" "$out/$component.part"
  mv "$out/$component.part" "$out/$component"
done

say "building the pause program"
pause=build/pause/linux/pause.c
[ -f "$pause" ] || pause=build/pause/pause.c
gcc -Os -Wall -static -DVERSION="3.2" -o "$out/pause" "$pause"
strip "$out/pause"
say "done"
