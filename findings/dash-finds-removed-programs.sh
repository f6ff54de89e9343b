#!/bin/sh
# In dash and busybox's shell `command -v PROGRAM` finds a program that was removed since the shell last
# looked for it, and exits with 0. bash looks again, and says that it is not there.
#
# POSIX has shells remember where they found a program; that asking counts as finding, and that the answer
# is not held against the file system, is each shell's own choice. So `command -v X && apt-get purge X &&
# ! command -v X` means one thing in bash, and another in what is /bin/sh of Debian and Alpine. `hash -r`
# before it, which all of them know, makes them agree. `[ -x PATH ]` never was in doubt.
#
# Packages: dash 0.5.12-2 and bash-static 5.2.15-2+b13 of Debian 12, busybox-static 1:1.37.0-6+b8 of Debian
# 13. Needs dpkg-deb, glibc and an amd64 machine.
#
# Seen:
#   dash 0.5.12-2: there 0, removed 0, after hash -r 127
#   busybox 1.37.0: there 0, removed 0, after hash -r 127
#   bash 5.2.15: there 0, removed 1, after hash -r 1
set -eu

work=$(mktemp -d "${TMPDIR:-/tmp}/finding.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 130' HUP INT TERM
pool=http://deb.debian.org/debian/pool/main

get() { # SHA256 PATH FOLDER
  curl -sSfL --retry 3 -o "$work/$3.deb" "$pool/$2"
  echo "$1  $work/$3.deb" | sha256sum -c --quiet - >&2
  dpkg-deb -x "$work/$3.deb" "$work/$3"
}
get 33ea40061da2f1a861ec46212b2b6a34f0776a049b1a3f0abce2fb8cb994258f d/dash/dash_0.5.12-2_amd64.deb dash
get f62e37fc6c2c14417f270323066b4c621db5dc151a26f7a1f58e3fc24111d1c8 b/bash/bash-static_5.2.15-2+b13_amd64.deb bash
get 73efc773b070ea220c5d7cb2d12206ec235c46b03a9ad133d1f6a7ca62201e41 \
  b/busybox/busybox-static_1.37.0-6+b8_amd64.deb busybox

told() { # SHELL...: the exit codes
  mkdir -p "$work/bin"
  printf '#!/bin/sh\n' >"$work/bin/tool"
  chmod +x "$work/bin/tool"
  # shellcheck disable=SC2016
  PATH=$work/bin:$PATH "$@" -c '
    command -v tool >/dev/null
    there=$?
    rm "$0"
    command -v tool >/dev/null
    removed=$?
    hash -r
    command -v tool >/dev/null
    echo "there $there, removed $removed, after hash -r $?"' "$work/bin/tool"
}
{
  echo "dash 0.5.12-2: $(told "$work/dash/bin/dash")"
  echo "busybox 1.37.0: $(told "$work/busybox/usr/bin/busybox" sh)"
  echo "bash 5.2.15: $(told "$work/bash/bin/bash-static")"
} | tee "$work/seen"

sed -n '/^# Seen:$/,/^[^#]/s/^#   //p' "$0" >"$work/wanted"
diff "$work/wanted" "$work/seen"
echo "as before"
