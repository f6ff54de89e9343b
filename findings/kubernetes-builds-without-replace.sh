#!/bin/sh
# Programs of k8s.io/kubernetes build from the module proxy without one `replace`.
#
# Its go.mod requires k8s.io/api and some 30 others as v0.0.0 and replaces them by folders, which no module
# that depends on it inherits. So `go install ...@v1.37.2` is refused, and who requires it is asked for
# v0.0.0, which nobody has. The usual answer is to copy all of the replaces. It is enough to require
# the same modules as v0.37.2: that is later, so it is what Go selects, and v0.0.0 is asked for no more.
# What is built so calls itself v0.0.0-master+$Format:%H$, as only the linker is told the version.
#
# Packages: k8s.io/kubernetes v1.37.2 from the Go module proxy, 100 MB with what it needs. Needs Go 1.26
# and about 4 minutes of CPU.
#
# Seen:
#   install: go.mod file for the module providing named packages contains one or more replace directives
#   require kubernetes: it asks for v0.0.0
#   require all: kubectl says Client Version: v0.0.0-master+$Format:%H$
#   require all: modules replaced: 0
set -eu

work=$(mktemp -d "${TMPDIR:-/tmp}/finding.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 130' HUP INT TERM
cd "$work"
export CGO_ENABLED=0 GOBIN="$work"
version=v1.37.2 kubectl=k8s.io/kubernetes/cmd/kubectl

{
  go install "$kubectl@$version" 2>&1 | tr -s '\n\t' ' ' |
    grep -o 'go.mod .* contains one or more replace directives' | sed 's/^/install: /'

  printf 'module finding\n\ngo 1.26.0\n\nrequire k8s.io/kubernetes %s\n' $version >go.mod
  go list -mod=mod -deps "$kubectl" 2>&1 >/dev/null | grep -o 'k8s.io/[a-z-]*@v0.0.0: ' |
    sed 's/^.*@\(.*\): $/require kubernetes: it asks for \1/' | sort -u

  # The two samples are nothing that a program needs.
  sed -n 's#^[[:space:]]*\(k8s.io/[a-z-]*\) => ./staging.*#\1#p' \
    "$(go env GOMODCACHE)/cache/download/k8s.io/kubernetes/@v/$version.mod" | grep -v /sample- |
    sed "s#.*#require & v0.${version#v1.}#" >>go.mod
  nice go build -mod=mod -trimpath -o kubectl "$kubectl" >&2
  echo "require all: kubectl says $(./kubectl version --client | head -n 1)"
  echo "require all: modules replaced: $(go version -m kubectl | grep -c '=>')"
} >seen
cat seen
sed -n '/^# Seen:/,/^[^#]/s/^#   //p' "$OLDPWD/$(basename "$0")" | diff - seen
echo "as before"
