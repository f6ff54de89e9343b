#!/bin/sh
# Prints the folder of a `go` of release MINIMUM or later: PATH's, or one that it fetches from the
# Go module proxy into CACHES. Usage: find-go.sh MINIMUM CACHES. Progress goes to stderr.
set -eu

minimum=${1:?usage: find-go.sh MINIMUM CACHES} caches=${2:?usage: find-go.sh MINIMUM CACHES}
release=1.26.8
case $(uname -m) in
  x86_64)
    arch=amd64
    sha256=30c2b1bf7dcc88d3eb0a1364e47ddd9128edb3110a30e8a0ef61cd5856b31de7
    ;;
  aarch64)
    arch=arm64
    sha256=02b36b6787b3ac767668f630e2998df45a3b1f9ffee08d1bf3ef6487cd658d99
    ;;
  *)
    echo "go: there is none for $(uname -m) here: install Go $minimum or later" >&2
    exit 1
    ;;
esac

fail() {
  echo "go: $*" >&2
  exit 1
}

# Whether the program is a Go of release MINIMUM or later.
is_enough() {
  has=$(GOTOOLCHAIN=local "$1" env GOVERSION 2>/dev/null | sed -n 's/^go\([0-9.]*\).*/\1/p')
  [ -n "$has" ] && [ "$(printf '%s\n' "$minimum" "$has" | sort -V | head -n 1)" = "$minimum" ]
}

download() { # URL FILE
  if command -v curl >/dev/null; then
    curl -fsSL --connect-timeout 10 --speed-limit 1 --speed-time 30 --retry 2 -o "$2" "$1"
  else
    wget -q -T 30 -O "$2" "$1"
  fi
}

unpack() { # ZIP FOLDER
  if command -v unzip >/dev/null; then
    unzip -q "$1" -d "$2"
  elif command -v bsdtar >/dev/null; then
    bsdtar -xf "$1" -C "$2"
  else
    python3 -m zipfile -e "$1" "$2"
  fi
}

if is_enough go; then
  dirname "$(command -v go)"
  exit
fi
found="$caches/go$release"
if ! is_enough "$found/bin/go"; then
  echo "go: fetching Go $release, as PATH has none from $minimum on" >&2
  mkdir -p "$caches"
  work=$(mktemp -d "$caches/.go.XXXXXX")
  trap 'rm -rf "$work"' EXIT
  trap 'exit 130' HUP INT TERM
  proxy=${GOPROXY:-https://proxy.golang.org}
  url="${proxy%%[,|]*}/golang.org/toolchain/@v/v0.0.1-go$release.linux-$arch.zip"
  download "$url" "$work/go.zip" || fail "no answer from $url: install Go $minimum or later"
  [ "$(sha256sum <"$work/go.zip")" = "$sha256  -" ] || fail "$url is not what it should be"
  unpack "$work/go.zip" "$work" || fail "cannot unpack a zip file: install unzip"
  tree="$work/golang.org/toolchain@v0.0.1-go$release.linux-$arch"
  chmod 0755 "$tree"/bin/* "$tree"/pkg/tool/*/*
  rm -rf "$found"
  mv "$tree" "$found"
  is_enough "$found/bin/go" || fail "Go $release does not run here: install Go $minimum or later"
fi
echo "$found/bin"
