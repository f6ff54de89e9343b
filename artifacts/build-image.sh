#!/bin/sh
# Packs files into a container image that `ctr -n k8s.io images import` and `docker load` take.
# Usage: build-image.sh [--arguments WORDS] [--user USER] OUT.tar NAME:TAG ENTRYPOINT FILE=PATH...
# ENTRYPOINT is a command line split at blanks, as are WORDS, its arguments where a container names none.
# FILE may be a directory, copied with all it holds. Only in its /tmp may all write.
#
# The same input gives the same bytes, so that the sha256 of OUT.tar can be pinned.
set -eu

usage="usage: build-image.sh [--arguments WORDS] [--user USER] OUT.tar NAME:TAG ENTRYPOINT FILE=PATH..."
arguments='' user=''
while :; do
  case ${1:-} in
    --arguments) arguments=$2 ;;
    --user) user=$2 ;;
    *) break ;;
  esac
  shift 2
done
[ $# -ge 4 ] || { echo "$usage" >&2; exit 2; }
out=$1 name=$2 entrypoint=$3
shift 3

work=$(mktemp -d "${TMPDIR:-/tmp}/muster-image.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM

root="$work/root"
mkdir "$root"
for pair in "$@"; do
  file=${pair%%=*} path=${pair#*=}
  mkdir -p "$root/$(dirname "$path")"
  cp -RPT "$file" "$root/$path"
done
find "$root" -type d -exec chmod 0755 {} +

pack() {  # DIR TAR MEMBER...: nothing of this machine or this moment gets into TAR
  (cd "$1" && shift && tar_out=$1 && shift &&
    tar --create --file="$tar_out" --format=ustar --sort=name --mtime=@0 \
      --owner=0 --group=0 --numeric-owner --mode=go-w "$@")
}
sha256() { sha256sum "$1" | cut -d ' ' -f 1; }

pack "$root" "$work/layer.tar" --exclude=./tmp .
if [ -d "$root/tmp" ]; then
  chmod 1777 "$root/tmp"
  (cd "$root" && tar --append --file="$work/layer.tar" --format=ustar --sort=name --mtime=@0 \
    --owner=0 --group=0 --numeric-owner ./tmp)
fi
case $(uname -m) in x86_64) arch=amd64 ;; aarch64) arch=arm64 ;; *) arch=$(uname -m) ;; esac
words() { # COMMAND-LINE: as JSON
  list=""
  for word in $1; do list="$list${list:+,}\"$word\""; done
  echo "[$list]"
}
cat > "$work/config.json" <<JSON
{"architecture":"$arch","os":"linux","created":"1970-01-01T00:00:00Z","config":{"Env":["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"],"Entrypoint":$(words "$entrypoint")${arguments:+,\"Cmd\":$(words "$arguments")}${user:+,\"User\":\"$user\"},"WorkingDir":"/"},"rootfs":{"type":"layers","diff_ids":["sha256:$(sha256 "$work/layer.tar")"]},"history":[{"created":"1970-01-01T00:00:00Z"}]}
JSON
cat > "$work/manifest.json" <<JSON
[{"Config":"config.json","RepoTags":["$name"],"Layers":["layer.tar"]}]
JSON
chmod 0644 "$work"/*.json "$work/layer.tar"
pack "$work" "$work/image.tar" manifest.json config.json layer.tar
mkdir -p "$(dirname "$out")"
cp "$work/image.tar" "$out.part"
mv "$out.part" "$out"
