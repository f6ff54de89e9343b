#!/bin/bash
# Builds of Go modules with pinned hashes: the real scripts and the real Go, on a module proxy that is a
# folder with a crictl of our own in it. Needs nothing from outside. Runs beside others.
# Usage: go_builds.sh [BUILD_DIR]
set -u

suite=go_builds
here=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d "${TMPDIR:-/tmp}/muster-go.XXXXXX")
trap 'rm -rf "$work"' EXIT
# shellcheck source=../support/cases.sh
source "$here/tests/support/cases.sh"
module=sigs.k8s.io/cri-tools
at=$work/proxy/$module/@v
if ! go=$(command -v go); then
  echo "skip $suite: there is no Go here"
  exit 0
fi
cp -r "$here/artifacts" "$work"
mkdir -p "$work/scripts" "$work/old"
cp "$here/scripts/pin-go-modules" "$work/scripts/"

# No HOME and no settings; what is not in the folder is nowhere.
alone() { env -i PATH="$path" GOPROXY="file://$work/proxy" GOSUMDB=off "$@"; }
path=$(dirname "$go"):/usr/bin:/bin

build() { # NAME VERSION
  alone "$work/artifacts/build-go.sh" "$1" "$2" "$work/built/$1" > "$work/out" 2>&1
  code=$?
}
left() { (cd "$work/built/$1" && echo *); }
# As on another machine: modules come again.
forget() { rm -rf "$work/built/go/mod" "$work/built/crictl"; }

publish() { # VERSION GREETING: a crictl that says it, and its version
  mkdir -p "$at"
  printf '{"Version":"%s"}' "$1" > "$at/$1.info"
  printf 'module %s\n\ngo 1.21\n' $module > "$at/$1.mod"
  python3 - "$module@$1" "$2" "$at/$1" <<'PYTHON'
import sys, zipfile
root, greeting, path = sys.argv[1:]
module = root.split("@")[0]
with zipfile.ZipFile(path + ".zip", "w") as out:
    out.writestr(root + "/go.mod", open(path + ".mod").read())
    out.writestr(root + "/pkg/version/version.go", 'package version\n\nvar Version = "unknown"\n')
    out.writestr(root + "/pkg/version/version_test.go",
                 'package version\n\nimport "testing"\n\n'
                 'func TestMain(m *testing.M) { println("a test of", Version) }\n')
    out.writestr(root + "/cmd/crictl/main.go",
                 'package main\n\nimport "%s/pkg/version"\n\n'
                 'func main() { println("%s", version.Version) }\n' % (module, greeting))
PYTHON
}
pin() { # VERSION
  rm -rf "$work/artifacts/go/crictl"
  alone GOCACHE="$work/built/go/build" GOMODCACHE="$work/pinned" \
    "$work/scripts/pin-go-modules" crictl "$1" > "$work/out" 2>&1
  code=$?
}

build etcd v9.9.9
expect "a version whose modules are not pinned is not built" 1 \
  "etcd: there is no artifacts/go/etcd/v9.9.9 to build it from"

publish v0.1.0 hello
pin v0.1.0
expect "modules are pinned by a script" 0
build crictl v0.1.0
expect "a component is built of pinned modules, without a HOME" 0 "crictl: done"
check "it is called as the catalog calls it, and nothing else is left" [ "$(left crictl)" = crictl ]
check "it has its version" [ "$("$work/built/crictl/crictl" 2>&1)" = "hello v0.1.0" ]

mkdir "$work/apart"
cat > "$work/apart/go-recipes.sh" <<'RECIPE'
recipe() {
  modules=sigs.k8s.io/cri-tools packages='' stamps="-X sigs.k8s.io/cri-tools/pkg/version.Version=$2" tags=''
  tests=$modules/pkg/version programs=version.test=version.test
  add_program $modules/cmd/crictl own-
}
RECIPE
alone GOCACHE="$work/built/go/build" GOMODCACHE="$work/pinned" \
  "$work/scripts/pin-go-modules" own v0.1.0 "$work/apart" > "$work/out" 2>&1
code=$?
expect "a folder of its own has recipes and pinned modules of its own" 0
check "they are not among muster's" [ ! -e "$work/artifacts/go/own" ]
alone "$work/artifacts/build-go.sh" own v0.1.0 "$work/built/own" "$work/apart" > "$work/out" 2>&1
code=$?
expect "a folder's component is built" 0 "own: done"
check "it has its programs, tests too" [ "$(left own)" = "own-crictl version.test" ]
check "a program of tests has its version" [ "$("$work/built/own/version.test" 2>&1)" = "a test of v0.1.0" ]

publish v0.1.0 goodbye
forget
build crictl v0.1.0
expect "a module that is not the pinned one is refused" 1 "checksum mismatch" SECURITY
check "nothing is left of a build that failed" [ "$(left crictl)" = '*' ]

publish v0.1.0 hello
sed -i '/ h1:/d' "$work/artifacts/go/crictl/v0.1.0/go.sum"
forget
build crictl v0.1.0
expect "a module without a pinned hash is refused" 1 "missing go.sum entry"

printf '#!/bin/sh\necho go1.19.8\n' > "$work/old/go"
chmod +x "$work/old/go"
path=$work/old:/usr/bin:/bin
toolchain=$work/proxy/golang.org/toolchain/@v
mkdir -p "$toolchain"
for arch in amd64 arm64; do
  echo "no Go" > "$toolchain/v0.0.1-go$(sed -n 's/^release=//p' "$here/artifacts/find-go.sh").linux-$arch.zip"
done
build crictl v0.1.0
expect "where Go is too old, a Go that is not the pinned one is refused" 1 \
  "go: fetching Go" "is not what it should be"
check "nothing is left of it" [ -z "$(find "$work/built/go" -maxdepth 1 -name '*go[.1]*')" ]
rm -r "$toolchain"
build crictl v0.1.0
expect "where there is none to be had, it is said what helps" 1 "install Go 1.21 or later"

exit $((failures > 0))
