#!/bin/sh
# Builds CoreDNS from source, for machines that cannot reach upstream's releases and registry.
# Usage: build-coredns.sh OUTDIR. Makes OUTDIR/coredns and OUTDIR/coredns.tar (an image).
# Progress goes to stderr.
#
# v1.10.1 is the last release that Debian 12's Go 1.19 compiles and it still speaks the v1beta1
# EndpointSlice API of Kubernetes before 1.21. Only the plugins that a cluster's DNS uses are
# compiled in: the others pull in the SDKs of three clouds and double the build.
set -eu

version=v1.10.1
plugins="prometheus:metrics errors log health ready reload loop cache loadbalance hosts rewrite
  template kubernetes forward"
out=${1:?usage: build-coredns.sh OUTDIR}
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d "${TMPDIR:-/var/tmp}/muster-coredns.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM

say() { echo "coredns: $*" >&2; }

minor=$(go env GOVERSION 2>/dev/null | sed -n 's/^go1\.\([0-9]*\).*/\1/p')
if [ "${minor:-0}" -lt 19 ]; then
  [ -x /usr/lib/go-1.19/bin/go ] || {
    say "installing Debian's Go 1.19"
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive \
      apt-get install -y -qq --no-install-recommends golang-1.19-go >/dev/null
  }
  PATH="/usr/lib/go-1.19/bin:$PATH"
fi

# The caller's Go settings, caches and toolchain switch stay out of it.
export GOPATH="$work/go" GOCACHE="$work/cache" GOFLAGS=-modcacherw GO111MODULE=on CGO_ENABLED=0
export GOTOOLCHAIN=local GOENV=off

say "fetching the source of $version with $(go env GOVERSION)"
cd "$work"
go mod download "github.com/coredns/coredns@$version"
cp -r "$GOPATH/pkg/mod/github.com/coredns/coredns@$version" "$work/source"
cd "$work/source"
{
  echo 'package plugin'
  echo 'import ('
  for plugin in $plugins; do
    echo "	_ \"github.com/coredns/coredns/plugin/${plugin#*:}\""
  done
  echo ')'
} > core/plugin/zplugin.go

say "compiling (about 2 minutes on 2 cores)"
go build -trimpath -ldflags '-s -w' -o "$work/coredns" .
mkdir -p "$out"
"$here/build-image.sh" "$out/coredns.tar" "registry.k8s.io/coredns/coredns:$version" /coredns \
  "$work/coredns=/coredns"
install -m 0755 "$work/coredns" "$out/coredns.part"
mv "$out/coredns.part" "$out/coredns"
say "done: $("$out/coredns" -version | head -n 1)"
