#!/usr/bin/env bash
# Reports of runs over nodes that are a simulation (tests/simulator), looked at in headless Chromium.
# Usage: MUSTER=build/debug/muster report.sh [BUILD_DIR]
# Prints "ok NAME", "FAIL NAME: why" or "skip NAME: why". KEEP=DIR keeps pages and pictures there.
# shellcheck disable=SC2317  # what check and trap call is reached
set -u

suite=report
# shellcheck source=tests/support/simulation.sh
. "$(dirname "$0")/../support/simulation.sh" "$@"
nodes=200
if ! command -v chromium >/dev/null; then
  echo "skip report: chromium is not installed"
  exit 0
fi

mkdir "$work/mine/roles/more"
for role in few more; do
  file=$work/mine/roles/$role/role.yaml
  printf 'role: %s\ndescription: files\n' "$role" >"$file"
  [ $role = few ] || echo 'needs: [few]' >>"$file"
  echo 'tasks:' >>"$file"
  for i in 1 2 3; do
    printf '  - {name: file %s of %s, file: {path: /srv/%s/%s, content: "%s\n"}}\n' \
      "$i" "$role" "$role" "$i" "$i" >>"$file"
  done
done

play $((nodes + 2)) --task-ms 30
# Two hosts are dead: what their nodes were to do fails, or is skipped.
sed -i -E '/name: sim(3|77),/ s/port: [0-9]+/port: 9/' "$work/hosts.yaml"
printf '{"name": "many", "provider": {"name": "inventory", "hints": {"file": "%s"}},
  "nodes": [{"prefix": "node", "roles": ["more"], "count": %s}]}\n' "$work/hosts.yaml" "$nodes" \
  >"$work/many.json"

# The whole page as Chromium understands it, and what it looks like. Dead ends for the network: a
# proxy that nobody is.
chromium_with() {  # PAGE OPTION...
  local page=$1 profile
  shift
  profile=$(mktemp -d "$work/profile.XXXXXX")
  timeout 120 chromium --headless --no-sandbox --disable-gpu --disable-quic --no-first-run \
    --disable-background-networking --disable-component-update --disable-sync \
    --proxy-server=127.0.0.1:9 --user-data-dir="$profile" "$@" "file://$page" \
    2>"$work/chromium.log"
}
see() {  # NAME [HEIGHT]: opens $work/NAME.html; leaves NAME.dom and NAME.png
  chromium_with "$work/$1.html" --dump-dom >"$work/$1.dom" &&
    chromium_with "$work/$1.html" --hide-scrollbars --window-size="1280,${2:-1600}" \
      --screenshot="$work/$1.png" && [ -s "$work/$1.png" ]
}
count() { grep -oE "$1" "$work/$2.dom" | wc -l; }  # PATTERN NAME
bars() { count '<rect class="bar [a-z-]+"' "$1"; }
# The steps of the last run that began, as it is recorded.
begun() { "$muster" logs "$1" --json | grep -c '"type":"step_started"'; }
no_way_out() {  # NAME
  local found
  [ -s "$work/$1.dom" ] || return
  if found=$(grep -oE '(src|href|srcset|action|data|poster|background)="[^"]*"|url\([^#)][^)]*\)|@import[^;]*' "$work/$1.dom"); then
    echo "$found"
    return 1
  fi
}
no_script() { [ -s "$work/$1.dom" ] && ! grep -oiE '<(script|iframe|object|embed|link|img)[ >]|[ "]on[a-z]+="' "$work/$1.dom"; }
# Beside a picture of an empty page, which packs to almost nothing.
not_blank() {  # NAME
  local picture blank
  picture=$(stat -c %s "$work/$1.png")
  blank=$(stat -c %s "$work/blank.png")
  echo "$picture bytes, an empty page has $blank"
  [ "$picture" -gt $((5 * blank)) ]
}
keep() { [ -z "${KEEP:-}" ] || { mkdir -p "$KEEP" && cp "$work/$1.html" "$work/$1.png" "$KEEP"; }; }

# --- a run over 200 nodes with two that fail

echo '<!DOCTYPE html><html><body></body></html>' >"$work/blank.html"
check "Chromium works" see blank 3400
"$muster" --roles "$work/mine" apply "$work/many.json" --yes >"$work/out" 2>&1
check "the run fails, as it should" same $? 1
(cd "$work" && "$muster" report many) >"$work/out" 2>&1
check "the report is many.html when nothing else is said" test -s "$work/many.html"
check "Chromium opens it" see many 3400
keep many
check "there is a bar for every step that began" same "$(bars many)" "$(begun many)"
check "those are most of them" test "$(bars many)" -ge $((2 * (nodes - 2)))
check "there is a row for every node" same "$(count '<text class="node' many)" "$nodes"
check "two bars are of failed steps" same "$(count '<rect class="bar failed"' many)" 2
check "two failures are told" same "$(count '<article>' many)" 2
check "it says what was not begun" grep -q 'it needs what failed' "$work/many.dom"
check "it says which tasks changed something, and where" \
  grep -qE "<td>file 1 of more, file 2 of more, file 3 of more</td><td>$((nodes - 2)) nodes: node" "$work/many.dom"
check "no request can leave" no_way_out many
check "there is no script" no_script many
check "the picture is not blank" not_blank many
check "it is on stdout with --out -" \
  bash -c "'$muster' report many --out - 2>/dev/null | cmp -s - '$work/many.html'"

# --- hostile names (what nodes say is tried in tests/report)

hostile='</td><script>document.title=1</script><img src=http://evil.example/x onerror=alert(1)>'
mkdir "$work/mine/roles/odd"
printf 'role: odd\ndescription: odd\ntasks:\n  - {name: "%s", file: {path: /srv/odd, content: a}}\n' \
  "$hostile" >"$work/mine/roles/odd/role.yaml"
file="$work/<script>alert(1)<img src=x>.json"
printf '{"name": "odd", "provider": {"name": "inventory", "hints": {"file": "%s"}},
  "nodes": [{"prefix": "odd", "roles": ["odd"], "count": 2}]}\n' "$work/hosts.yaml" >"$file"
"$muster" --roles "$work/mine" apply "$file" --yes >"$work/out" 2>&1
check "a run with hostile names ends well" same $? 0
"$muster" report odd --out "$work/odd.html" 2>/dev/null
check "Chromium opens its report" see odd
keep odd
check "hostile names: a bar for every step" same "$(bars odd)" 4
check "hostile names: they are shown as text" \
  grep -q '&lt;script&gt;document.title=1&lt;/script&gt;' "$work/odd.dom"
check "hostile names: no script" no_script odd
check "hostile names: no request" no_way_out odd
check "hostile names: the title is ours" grep -qE '<title>odd, run [0-9]+: done</title>' "$work/odd.dom"

# --- which run

"$muster" report many --run 4711 >"$work/out" 2>&1
check "a run that is none is wrong usage" same $? 2
check "and the runs there are, are named" grep -q 'failed, muster --roles .* apply' "$work/out"
first=$(sed -nE 's/^ +([0-9]+) \(.*/\1/p' "$work/out" | head -n 1)
"$muster" --roles "$work/mine" destroy many --yes >"$work/out" 2>&1
check "an earlier run of a deployment that is gone can still be had" \
  "$muster" report many --run "$first" --out "$work/first.html"
check "it is that run" grep -q "<title>many, run $first: failed</title>" "$work/first.html"
"$muster" report many --out "$work/last.html" 2>/dev/null
check "without a number it is the last" grep -q '<code>muster --roles .* destroy many --yes</code>' "$work/last.html"
"$muster" report mani --out "$work/none.html" >"$work/out" 2>&1
check "a deployment that never was is wrong usage" same "$? $(ls "$work/none.html" 2>/dev/null)" "2 "

[ "$failures" = 0 ]
