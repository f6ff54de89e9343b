#!/bin/sh
# Builds what a node runs from the Go module proxy, for machines that cannot reach upstream.
# Usage: build-go.sh NAME VERSION OUTDIR. Progress goes to stderr.
#
# go/NAME/VERSION beside this script has the module that asks for the source. Its go.sum pins the
# hash of every module that goes in: Go builds with no other.
#
# Go's caches are in the folder `go` beside OUTDIR: so all components share them, a build that was
# interrupted goes on where it was, and no HOME is needed. Go removes at a later build what none
# used for five days, and all of it may be deleted. GOCACHE and GOMODCACHE name other places.
set -eu

[ $# -eq 3 ] || {
  echo "usage: build-go.sh NAME VERSION OUTDIR" >&2
  exit 2
}
name=$1 version=$2 out=$3

say() { echo "$name: $*" >&2; }
fail() {
  say "$*"
  exit 1
}

here=$(cd "$(dirname "$0")" && pwd)
module="$here/go/$name/$version"
[ -f "$module/go.mod" ] || fail "there is no artifacts/go/$name/$version to build it from"
mkdir -p "$out"
out=$(cd "$out" && pwd)
caches="$(dirname "$out")/go"
# What was left when one was killed: muster runs one at a time.
rm -rf "$out"/.build.*
work=$(mktemp -d "$out/.build.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 130' HUP INT TERM

need_packages() {
  command -v apt-get >/dev/null || fail "install what Debian calls $*"
  say "installing $*"
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null
}
have_static_libc() { [ -f "$(gcc -print-file-name=libc.a 2>/dev/null)" ]; }

# The caller's Go settings stay out of it, but for where modules come from and where caches are.
set_up_go() {
  PATH="$("$here/find-go.sh" "$(sed -n 's/^go //p' "$module/go.mod")" "$caches"):$PATH"
  export PATH GOPATH="$caches/path" GOTOOLCHAIN=local GO111MODULE=on GOWORK=off
  export GOCACHE="${GOCACHE:-$caches/build}" GOMODCACHE="${GOMODCACHE:-$caches/mod}"
  GOPROXY=$(go env GOPROXY)
  export GOPROXY GOENV=off GOFLAGS=-modcacherw CGO_ENABLED=0
  unset GOOS GOARCH GOAMD64 GOARM64 GOEXPERIMENT GODEBUG
}

# Makes programs in $work/bin, called as Go does.
compile() { # LDFLAGS PACKAGE...
  ldflags=$1
  shift
  say "compiling with $(go env GOVERSION)"
  (cd "$module" &&
    nice go build -trimpath -tags "${tags:-}" -ldflags "-s -w $ldflags" -o "$work/bin/" "$@") >&2
}

# By rename, so that a file that is there is whole.
hand_over() { # PROGRAM ARTIFACT
  mv "$work/bin/$1" "$out/$2"
}
hand_over_image() { # NAME:TAG ENTRYPOINT FILE=PATH
  "$here/build-image.sh" "$out/$name-image" "$@"
}

build_kubernetes() {
  minor=${version#v1.} minor=${minor%%.*} stamps='' packages=''
  for package in k8s.io/component-base/version k8s.io/client-go/pkg/version; do
    for stamp in "gitVersion=$version" gitMajor=1 "gitMinor=$minor" gitTreeState=clean \
      gitCommit=module buildDate=1970-01-01T00:00:00Z; do
      stamps="$stamps -X $package.$stamp"
    done
  done
  programs="kube-apiserver kube-controller-manager kube-scheduler kubelet kube-proxy kubectl"
  for program in $programs; do packages="$packages k8s.io/kubernetes/cmd/$program"; done
  # shellcheck disable=SC2086
  compile "$stamps" $packages
  for program in $programs; do hand_over "$program" "$program"; done
}

build_etcd() {
  source=go.etcd.io/etcd
  compile "-X $source/api/v3/version.GitSHA=module" \
    $source/server/v3 $source/etcdctl/v3 $source/etcdutl/v3
  hand_over server etcd
  hand_over etcdctl etcdctl
  hand_over etcdutl etcdutl
}

build_containerd() {
  source=github.com/containerd/containerd/v2
  compile "-X $source/version.Version=$version" \
    $source/cmd/containerd $source/cmd/containerd-shim-runc-v2 $source/cmd/ctr
  for program in containerd containerd-shim-runc-v2 ctr; do hand_over "$program" "$program"; done
}

build_runc() {
  # Kubelets give every sandbox a seccomp profile: without libseccomp no pod starts.
  if ! have_static_libc || ! pkg-config --exists libseccomp 2>/dev/null; then
    need_packages gcc libc6-dev pkg-config libseccomp-dev
  fi
  export CGO_ENABLED=1
  tags="seccomp netgo osusergo"
  compile "-linkmode external -extldflags -static" github.com/opencontainers/runc
  hand_over runc runc
}

build_cni_plugins() {
  source=github.com/containernetworking/plugins
  compile "-X $source/pkg/utils/buildversion.BuildVersion=$version" \
    $source/plugins/main/bridge $source/plugins/main/loopback \
    $source/plugins/ipam/host-local $source/plugins/meta/portmap
  for plugin in bridge loopback host-local portmap; do hand_over "$plugin" "cni-$plugin"; done
}

build_crictl() {
  compile "-X sigs.k8s.io/cri-tools/pkg/version.Version=$version" sigs.k8s.io/cri-tools/cmd/crictl
  hand_over crictl crictl
}

build_coredns() {
  compile "-X github.com/coredns/coredns/coremain.GitCommit=module" .
  hand_over_image "registry.k8s.io/coredns/coredns:$version" /coredns "$work/bin/build=/coredns"
  hand_over build coredns
}

build_pause() {
  have_static_libc || need_packages gcc libc6-dev
  kubernetes=$(sed -n 's/^require \([^ ]*\) /\1@/p' "$module/go.mod")
  (cd "$module" && go mod download "$kubernetes")
  gcc -Os -Wall -static -s -DVERSION="$version" -o "$work/pause" \
    "$GOMODCACHE/$kubernetes/build/pause/linux/pause.c"
  hand_over_image "registry.k8s.io/pause:$version" /pause "$work/pause=/pause"
}

say "building $version"
set_up_go
case $name in
  cni-plugins) build_cni_plugins ;;
  kubernetes | etcd | containerd | runc | crictl | coredns | pause) "build_$name" ;;
  *) fail "there is no recipe for '$name'" ;;
esac
say "done"
