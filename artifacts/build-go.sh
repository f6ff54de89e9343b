#!/bin/sh
# Builds what a node runs from the Go module proxy, for machines that cannot reach upstream.
# Usage: build-go.sh NAME VERSION OUTDIR [FOLDER]. Progress goes to stderr.
#
# go/NAME/VERSION beside this script has the module that asks for the source. Its go.sum pins the
# hash of every module that goes in: Go builds with no other. FOLDER has go/ and a go-recipes.sh of
# its own, for what no node runs.
#
# Go's caches are in the folder `go` beside OUTDIR: so all components share them, a build that was
# interrupted goes on where it was, and no HOME is needed. Go removes at a later build what none
# used for five days, and all of it may be deleted. GOCACHE and GOMODCACHE name other places.
set -eu

[ $# -eq 3 ] || [ $# -eq 4 ] || {
  echo "usage: build-go.sh NAME VERSION OUTDIR [FOLDER]" >&2
  exit 2
}
name=$1 version=$2 out=$3

say() { echo "$name: $*" >&2; }
fail() {
  say "$*"
  exit 1
}

here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=go-recipes.sh
. "$here/go-recipes.sh"
modules_of=artifacts folder=$here
if [ $# -eq 4 ]; then
  modules_of=$4 folder=$(cd "$4" && pwd)
  # shellcheck source=/dev/null
  . "$folder/go-recipes.sh"
fi
module="$folder/go/$name/$version"
[ -f "$module/go.mod" ] || fail "there is no $modules_of/go/$name/$version to build it from"
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

# Debug information goes with -s -w: not to make it either saves a twentieth of the time.
compile() {
  say "compiling with $(go env GOVERSION)"
  mkdir -p "$work/bin"
  compile_as "go build" "$packages"
  [ -z "$tests" ] || compile_as "go test -c -vet=off" "$tests"
}
compile_as() { # COMMAND PACKAGES
  # shellcheck disable=SC2086
  (cd "$module" && nice $1 -trimpath -gcflags all=-dwarf=false -tags "$tags" \
    -ldflags "-s -w $stamps" -o "$work/bin/" $2) >&2
}

hand_over_image() { # NAME:TAG ENTRYPOINT FILE=PATH
  "$here/build-image.sh" "$out/$name-image" "$@"
}

build_pause() {
  have_static_libc || need_packages gcc libc6-dev
  kubernetes=$(sed -n 's/^require \([^ ]*\) /\1@/p' "$module/go.mod")
  (cd "$module" && go mod download "$kubernetes")
  gcc -Os -Wall -static -s -DVERSION="$version" -o "$work/pause" \
    "$GOMODCACHE/$kubernetes/build/pause/linux/pause.c"
  hand_over_image "registry.k8s.io/pause:$version" /pause "$work/pause=/pause"
}

build_programs() {
  recipe "$name" "$version" || fail "there is no recipe for '$name'"
  if [ "$name" = runc ]; then
    if ! have_static_libc || ! pkg-config --exists libseccomp 2>/dev/null; then
      need_packages gcc libc6-dev pkg-config libseccomp-dev
    fi
    export CGO_ENABLED=1
  fi
  compile
  if [ "$name" = coredns ]; then
    hand_over_image "registry.k8s.io/coredns/coredns:$version" /coredns "$work/bin/build=/coredns"
  fi
  # By rename, so that a file that is there is whole.
  for program in $programs; do mv "$work/bin/${program%=*}" "$out/${program#*=}"; done
}

say "building $version"
set_up_go
if [ "$name" = pause ]; then build_pause; else build_programs; fi
say "done"
