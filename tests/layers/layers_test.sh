#!/usr/bin/env bash
# Reads the #include lines and holds them against the arrows that CMakeLists.txt declares
# (muster_layer ... USES ...), and against the list of who may use which library.
# Usage: layers_test.sh [ROOT]. Prints "ok NAME" or "FAIL NAME: why" for each check.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

# "LAYER FOLDER USED..." a line, in the order of CMakeLists.txt.
layers() {
  sed 's/#.*//' "$1/CMakeLists.txt" | tr '\n' ' ' | grep -oE 'muster_layer\([^)]*\)' |
    awk '{ gsub(/muster_layer\(|\)/, "")
           n = split($1, parts, "/"); line = parts[n] " " $1; uses = 0
           for (i = 2; i <= NF; ++i) {
             if ($i == "USES") uses = 1
             else if ($i == "LINKS") uses = 0
             else if (uses) line = line " " $i
           }
           print line }'
}

# "FILE:LINE:INCLUDED" for each include of the sources below ROOT, system headers as <...>.
includes() {
  (
    cd "$1"
    grep -rnE '^[[:space:]]*#[[:space:]]*include' --include='*.h' --include='*.cc' \
      provisioner inventory providers
  ) |
    sed -E 's/^([^:]+:[0-9]+):[^"<]*("([^"]*)"|(<[^>]*>)).*/\1:\3\4/'
}

# Complaints about arrows: "LAYER FILE:LINE includes ..." a line.
wrong_arrows() {
  awk -v FS='[ :]' '
    FILENAME == ARGV[1] {
      names[++count] = $1; folder[$1] = $2
      for (i = 3; i <= NF; ++i) { uses[$1, $i] = 1 }
      uses[$1, $1] = 1
      next
    }
    function layer_of(path,  i) {
      for (i = 1; i <= count; ++i)
        if (index(path, folder[names[i]] "/") == 1) return names[i]
      return ""
    }
    $3 !~ /^</ {
      from = layer_of($1); to = layer_of($3); at = $1 ":" $2
      if (to == "") print from, at, "includes \"" $3 "\", which is no header by its full path"
      # The command line builds the real objects: it may see all.
      else if (from != "cli" && !((from, to) in uses))
        print from, at, "includes \"" $3 "\", but " from " does not use " to
    }' <(layers "$1") <(includes "$1")
}

# The layers that use one declared after them: arrows go one way.
wrong_order() {
  layers "$1" | awk '{ for (i = 3; i <= NF; ++i)
                         if (!($i in seen)) print $1 " uses " $i ", which is not above it"
                       seen[$1] = 1 }'
}

# LIBRARY, what its includes look like, who may have them (both extended regular expressions).
libraries() {
  cat <<'LIST'
Boost.Process ^<boost/process ^provisioner/base/process\.cc$
Boost.Asio ^<boost/asio ^provisioner/base/(process|fibers)\.cc$
Boost.Context ^<boost/context ^provisioner/base/fibers\.cc$
Boost ^<boost/ ^provisioner/base/
spdlog ^<(spdlog|fmt)/ ^provisioner/base/
OpenSSL ^<openssl/ ^provisioner/(pki/|base/sha256\.cc$)
libssh ^<libssh/ ^provisioner/ssh/
SQLite ^<(sqlite3\.h|SQLiteCpp/) ^provisioner/state/
CLI11 ^<CLI/ ^provisioner/cli/
curl ^<curl/ ^provisioner/http/
yaml-cpp ^<yaml-cpp/ ^provisioner/(definition/|releases/|artifacts/|import/yaml\.cc$)
libarchive ^<archive ^provisioner/artifacts/
zstd ^<zstd\.h ^provisioner/artifacts/
mustache ^<(kainjow/)?mustache ^provisioner/tasks/
nlohmann/json.hpp ^<nlohmann/json\.hpp> \.cc$
LIST
}

wrong_users() {  # ROOT PATTERN ALLOWED
  includes "$1" | awk -v FS=: -v pattern="$2" -v allowed="$3" \
    '$3 ~ pattern && $1 !~ allowed { print $1 ":" $2 " includes " $3 }'
}

failed=0
report() {  # NAME COMPLAINTS
  if [ -z "$2" ]; then
    echo "ok layers: $1"
  else
    failed=1
    echo "FAIL layers: $1: $(tr '\n' ';' <<<"$2")"
  fi
}

check() {  # ROOT
  local arrows
  report "arrows go one way" "$(wrong_order "$1")"
  arrows=$(wrong_arrows "$1")
  while read -r layer folder _; do
    report "$folder includes what it may" "$(sed -n "s/^$layer //p" <<<"$arrows")"
  done < <(layers "$1")
  while read -r library pattern allowed; do
    report "$library only where it belongs" \
      "$(wrong_users "$1" "${pattern//\\/\\\\}" "${allowed//\\/\\\\}")"
  done < <(libraries)
}

# The checks must be able to fail: a small tree with one mistake of each kind.
self_test() {
  local tree expected got
  tree=$(mktemp -d)
  # shellcheck disable=SC2064
  trap "rm -rf '$tree'" EXIT
  mkdir -p "$tree"/provisioner/{base,plan,ssh} "$tree"/inventory "$tree"/providers
  cat > "$tree/CMakeLists.txt" <<'CMAKE'
muster_layer(provisioner/base LINKS Threads::Threads)
muster_layer(inventory        USES base ssh)
muster_layer(provisioner/plan USES base
                                   inventory  # two lines
                              LINKS inventory)
muster_layer(provisioner/ssh  USES base)
CMAKE
  cat > "$tree/provisioner/base/a.cc" <<'CODE'
#include <boost/process.hpp>
#include "provisioner/plan/plan.h"
CODE
  cat > "$tree/provisioner/plan/plan.h" <<'CODE'
#include <nlohmann/json.hpp>
#include <string>
#include "inventory/node.h"
# include "provisioner/ssh/session.h"
#include "node.h"
CODE
  expected='FAIL layers: arrows go one way: inventory uses ssh, which is not above it;
FAIL layers: provisioner/base includes what it may: provisioner/base/a.cc:2 includes "provisioner/plan/plan.h", but base does not use plan;
ok layers: inventory includes what it may
FAIL layers: provisioner/plan includes what it may: provisioner/plan/plan.h:4 includes "provisioner/ssh/session.h", but plan does not use ssh;provisioner/plan/plan.h:5 includes "node.h", which is no header by its full path;
ok layers: provisioner/ssh includes what it may
FAIL layers: Boost.Process only where it belongs: provisioner/base/a.cc:1 includes <boost/process.hpp>;
ok layers: Boost.Asio only where it belongs
ok layers: Boost.Context only where it belongs
ok layers: Boost only where it belongs
FAIL layers: nlohmann/json.hpp only where it belongs: provisioner/plan/plan.h:1 includes <nlohmann/json.hpp>;'
  got=$(check "$tree" | grep -vE 'ok layers: (spdlog|OpenSSL|libssh|SQLite|CLI11|curl|libarchive|zstd|yaml-cpp|mustache) ')
  if [ "$got" = "$expected" ]; then
    echo "ok layers: mistakes in a tree made for it are found"
  else
    failed=1
    echo "FAIL layers: mistakes in a tree made for it are found: see the difference"
    diff <(echo "$expected") <(echo "$got") || true
  fi
}

check "${1:-$here/../..}"
[ $# -gt 0 ] || self_test
exit "$failed"
