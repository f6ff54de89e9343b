#!/bin/sh
# Packs Debian's busybox-static as an image for smoke tests. Usage: build-busybox.sh OUT.tar
set -eu

out=${1:?usage: build-busybox.sh OUT.tar}
busybox=${BUSYBOX:-/bin/busybox}
work=$(mktemp -d "${TMPDIR:-/tmp}/muster-busybox.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM

# A dynamic busybox would start here and fail in the image, which has no libc.
if ldd "$busybox" >/dev/null 2>&1; then
  echo "busybox: '$busybox' is not static; install busybox-static" >&2
  exit 1
fi
mkdir -p "$work/bin" "$work/etc"
cp "$busybox" "$work/bin/busybox"
for applet in $("$busybox" --list); do
  [ "$applet" = busybox ] || ln -s busybox "$work/bin/$applet"
done
echo 'root:x:0:0:root:/:/bin/sh' > "$work/etc/passwd"
echo 'root:x:0:' > "$work/etc/group"
"$(dirname "$0")/build-image.sh" "$out" docker.io/library/busybox:1.35 "/bin/sh" \
  "$work/bin=/bin" "$work/etc=/etc"
