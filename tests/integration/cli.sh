#!/usr/bin/env bash
# Drives the real binary as a person does: piped, under a terminal, and as the documentation shows.
# Needs no root and makes no node. Usage: MUSTER=build/debug/muster cli.sh [BUILD_DIR]
# Prints "ok NAME", "FAIL NAME: why" or "skip NAME: why".
set -u

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
muster=${MUSTER:-${1:-$root/build/debug}/muster}
muster=$(realpath "$muster")
work=$(mktemp -d "${TMPDIR:-/tmp}/muster-cli.XXXXXX")
trap 'rm -rf "$work"' EXIT
export MUSTER_STATE=$work/state MUSTER_CACHE=$work/cache
unset NO_COLOR
cd "$root" || exit 2
suite=cli
. "$root/tests/support/cases.sh"

# run ARGUMENT...: leaves $code and the files out, err and both (as one reader sees them).
run() {
  "$muster" "$@" > "$work/out" 2> "$work/err" < "${input:-/dev/null}"
  code=$?
}

# streams NAME CODE OUT ERR: of the last run; OUT and ERR are patterns for a whole stream.
streams() {
  local out err
  out=$(cat "$work/out"; echo .) err=$(cat "$work/err"; echo .)
  # shellcheck disable=SC2053  # they are patterns
  if [ "$code" != "$2" ]; then fail "$1" "exit code $code, not $2: $out$err"
  elif [[ ${out%.} != $3 ]]; then fail "$1" "stdout: $out"
  elif [[ ${err%.} != $4 ]]; then fail "$1" "stderr: $err"
  else ok "$1"; fi
}
nl=$'\n'

# --- results and talk, exit codes
run
streams "without a command the help goes to stderr" 2 "" "muster makes Kubernetes*"
run --help
streams "help that was asked for goes to stdout" 0 "muster makes Kubernetes*" ""
run aply
streams "an unknown command" 2 "" "muster: there is no command 'aply'$nl  did you mean 'apply'?$nl"
run plan examples/ha.json --jsno
streams "an unknown option" 2 "" \
  "muster: 'muster plan' has no option '--jsno'$nl  did you mean '--json'?$nl"
run version
streams "version" 0 "muster *${nl}Kubernetes v1.37.2; others: muster versions$nl" ""
run validate examples/ha.json examples/quickstart.json
streams "validate of good files" 0 \
  "examples/ha.json: good (5 nodes)${nl}examples/quickstart.json: good (3 nodes)$nl" ""
run validate examples/cluster01.json examples/ha.json
streams "validate goes on after a bad file" 2 "examples/ha.json: good (5 nodes)$nl" \
  "examples/cluster01.json:3:20: error:*muster: examples/cluster01.json has 3 mistakes$nl"
run validate /nonexistent/x.json
streams "a missing file" 2 "" \
  "/nonexistent/x.json: error: cannot read*is its path right?${nl}muster: * has 1 mistake$nl"
input=examples/ha.json run validate -
streams "a definition from stdin" 0 "stdin: good (5 nodes)$nl" ""
run --roles "$work/none" validate examples/ha.json
streams "roles that are not there" 2 "" "muster: cannot read roles from*--roles names a directory*"
for pair in one:two two:one; do
  mkdir -p "$work/cycle/roles/${pair%:*}" "$work/cycle/templates"
  printf 'role: %s\ndescription: waits\nneeds: [%s]\ntasks: []\n' "${pair%:*}" "${pair#*:}" \
    > "$work/cycle/roles/${pair%:*}/role.yaml"
done
run --roles "$work/cycle" validate examples/ha.json
streams "roles of a user that a definition does not use" 0 "examples/ha.json: good (5 nodes)$nl" "*"
run --roles "$work/cycle" validate examples/ha.json --set 'nodes.1.roles=["k8s-worker","one"]'
streams "roles of a user that wait for each other" 2 "" \
  "*: error: the roles wait for each other: 'one' for 'two' for 'one'$nl*in its role.yaml$nl*"
run schema
streams "schema" 0 '{*"$schema"*}'"$nl" ""
"$muster" schema > /dev/full 2> "$work/err"; code=$?; : > "$work/out"
streams "output that cannot be written" 1 "" "muster: cannot write the output$nl*"

# --- plan
run plan examples/cluster01.json
streams "the plan of 2017 is printed, with its mistakes" 2 \
  "cluster cluster01 (tenant cluster01): 4 nodes to create*steps: 4 create, * apply$nl" \
  "*v1.6.0*calico*google-provider*has 3 mistakes, apply refuses it until they are mended$nl"
"$muster" plan examples/cluster01.json > "$work/both" 2>&1
sed '/^[0-9]* steps/,$d' "$work/both" > "$work/before"
if grep -q 'error:' "$work/before"; then fail "mistakes come after the plan" "$(cat "$work/before")"
else ok "mistakes come after the plan"; fi
run plan examples/quickstart.json examples/ha.json
streams "plans of several files, in order" 0 "cluster quickstart *cluster ha *" "*"
run plan examples/quickstart.json tests/definition/bad/missing-brace.json examples/ha.json
streams "a broken file does not hide the plans of others" 2 "cluster quickstart *cluster ha *" \
  "*missing-brace.json has 1 mistake, nothing can be planned$nl*"
run plan --dot examples/quickstart.json
streams "a plan as a graph" 0 "digraph \"quickstart\" {*}$nl" "*"
run plan --json examples/quickstart.json
streams "a plan as JSON" 0 '{*"deployment": "quickstart"*}'"$nl" "*"
run plan --detailed-exitcode examples/quickstart.json
streams "--detailed-exitcode says that there are changes" 2 "cluster quickstart*" "*"
run plan examples/quickstart.json --set nodes.1.count=5
streams "--set" 0 "cluster quickstart (tenant default): 6 nodes to create*" "*"
run plan examples/quickstart.json --set nodes.9.count=5
streams "--set of what is not there" 2 "" "*--set nodes.9.count: '9' is no number of an item*"
run plan --provider local --set attribs.k8s-version=v1.37.2 \
  --set attribs.k8s-kube_network_plugin=bridge examples/cluster01.json
streams "the plan of 2017 with what its mistakes propose" 0 "cluster cluster01 *" "*"
run plan examples/quickstart.json --out "$work/plan.json"
streams "--out saves a plan" 0 "cluster quickstart*" \
  "*the plan is saved; apply it: muster apply examples/quickstart.json --plan $work/plan.json$nl"

# --- apply, before it would make anything
run apply examples/ha.json --plan "$work/plan.json"
streams "a saved plan of another deployment" 2 "" \
  "muster: the saved plan is of 'quickstart', not of 'ha'*"
run apply examples/quickstart.json --set nodes.1.count=5 --plan "$work/plan.json"
streams "a saved plan that does not fit any more" 2 "" \
  "muster: the saved plan no longer fits*plan again: muster plan examples/quickstart.json --out FILE$nl"
echo '{' > "$work/broken.json"
run apply examples/quickstart.json --plan "$work/broken.json"
streams "a saved plan that is none" 2 "" "muster: this is not a plan that muster wrote*"
run apply examples/cluster01.json
streams "apply of a bad definition changes nothing" 2 "" \
  "*has 3 mistakes${nl}muster: nothing was changed$nl"
run apply examples/quickstart.json --max-failures none
streams "a number of failures that is none" 2 "" \
  "muster: '--max-failures' must be 1 to 1000000, not 'none'$nl  see: muster apply --help$nl"
run destroy nothing
streams "destroy without a terminal wants --yes" 2 "" "muster: destroy deletes nodes*say --yes$nl"
run destroy nothing --yes
streams "destroy of nothing" 0 "" "muster: there is no deployment 'nothing': nothing to destroy$nl"
run destroy examples/ha.json --yes
streams "destroy by a definition" 0 "" "muster: there is no deployment 'ha': nothing to destroy$nl"
run destroy typo.json --yes
streams "destroy by a file that is not there" 2 "" "typo.json: error: cannot read*"

# --- deployments, when there are none
for command in "list" "status"; do
  run "$command"
  streams "$command of nothing" 0 "" "muster: no deployments; make one: muster apply FILE$nl"
  run "$command" -o json
  streams "$command of nothing as JSON" 0 "[]$nl" ""
done
for command in "status x" "kubeconfig x" "ssh x" "ssh x y -- true" "logs x" "power x y on" \
  "unlock x --yes" "history x" "history x 1 --diff"; do
  # shellcheck disable=SC2086  # words
  run $command
  streams "'$command' of a deployment that is not there" 2 "" "muster: there is no deployment 'x'$nl*"
done

# --- the state
mkdir "$work/damaged" "$work/newer"
head -c 9000 /dev/zero | tr '\0' 'x' > "$work/damaged/muster.db"
MUSTER_STATE=$work/newer "$muster" list 2> "$work/err"
printf '\0\0\0\143' | dd of="$work/newer/muster.db" bs=1 seek=60 conv=notrunc status=none
: > "$work/file"
for case in "damaged:* is damaged: *" "newer:* has version 99, this muster knows versions up to *" \
  "file:* is not a directory*"; do
  for command in "list" "plan examples/ha.json" "unlock x --yes" "destroy x --yes"; do
    # shellcheck disable=SC2086  # words
    MUSTER_STATE=$work/${case%%:*} run $command
    streams "'$command' with a state that is ${case%%:*}" 3 "" "muster: ${case#*:}"
  done
done
run --state "$work/other" list -o json
streams "--state" 0 "[]$nl" ""
if [ -e "$work/other/muster.db" ] && [ "$(stat -c %a "$work/other")" = 700 ]; then
  ok "the state is the user's own"
else fail "the state is the user's own" "$(ls -ld "$work/other")"; fi

# --- artifacts
run artifacts list
streams "artifacts list" 0 "NAME *kubelet *" ""
run artifacts path kubectll
streams "artifacts path of an unknown one" 2 "" "*no artifact 'kubectll'$nl  did you mean 'kubectl'?$nl"
run artifacts path kubectl
streams "artifacts path of one that is not cached" 1 "" "*'kubectl' is not in the cache$nl*muster artifacts fetch$nl"
run artifacts verify
streams "artifacts verify" 0 "every cached artifact is as its sha256 says$nl" ""

# --- completion
for shell in bash zsh fish; do
  run completion "$shell"
  if ! command -v "$shell" > /dev/null; then
    echo "skip cli: completion $shell: it is not installed"
  elif said=$("$shell" -n "$work/out" 2>&1) && [ "$code" = 0 ]; then ok "completion $shell"
  else fail "completion $shell" "$said"; fi
done

# --- under a terminal
escape=$'\x1b'
on_terminal() {  # COMMAND-LINE: its output, as a terminal gets it
  script -qec "$1" /dev/null < /dev/null
}
if ! command -v script > /dev/null; then
  echo "skip cli: under a terminal: script (util-linux) is not installed"
else
  for setting in "TERM=xterm" "TERM=dumb" "NO_COLOR=1"; do
    said=$(on_terminal "env $setting '$muster' plan examples/cluster01.json")
    if [[ $said == *$escape* ]]; then fail "a plan has no control characters with $setting" "$said"
    elif [[ $said == *" steps: 4 create"*"has 3 mistakes"* ]]; then
      ok "a plan has no control characters with $setting"
    else fail "a plan has no control characters with $setting" "$said"; fi
  done

  # answer NAME KEYS WANTED: gives KEYS when apply asks; WANTED is a pattern of all it says.
  answer() {
    local said='' end=$((SECONDS + 60)) code
    : > "$work/screen"
    mkfifo "$work/keys"
    script -qec "'$muster' apply examples/quickstart.json; echo code=\$?" /dev/null \
      < "$work/keys" > "$work/screen" 2>&1 &
    exec 3> "$work/keys"
    until grep -qF '[y/N]' "$work/screen" || [ $SECONDS -ge $end ]; do sleep 0.05; done
    printf '%b' "$2" >&3
    until grep -q 'code=' "$work/screen" || [ $SECONDS -ge $end ]; do sleep 0.05; done
    exec 3>&-
    wait $!
    rm "$work/keys"
    said=$(tr -d '\r' < "$work/screen")
    # shellcheck disable=SC2053  # a pattern
    if [[ $said == $3 ]]; then ok "$1"; else fail "$1" "$said"; fi
  }
  if "$muster" plan examples/quickstart.json 2>&1 | grep -q 'apply cannot create nodes here'; then
    echo "skip cli: apply asks: provider local cannot work here"
  else
    answer "apply asks, and a no changes nothing" 'n\n' \
      "*apply these changes to 'quickstart'? \[y/N\]*muster: nothing was changed*code=130*"
    answer "an empty answer is a no" '\n' "*muster: nothing was changed*code=130*"
    answer "Ctrl-C at the question changes nothing" '\003' \
      "*muster: nothing was changed*code=130*"
    run list
    streams "what was refused leaves no deployment" 0 "" "muster: no deployments*"
  fi
fi

# --- the documentation: each "$ muster ..." of a console block says what is shown below it
mkdir "$work/bin"
ln -s "$muster" "$work/bin/muster"
checked=0 inside='' shown='' wanted=''
check_shown() {
  [ -n "$shown" ] || return 0
  local said
  said=$(PATH="$work/bin:$PATH" MUSTER_STATE=$work/docs bash -c "$shown" 2>&1 < /dev/null)
  [ "$said" = "${wanted%"$nl"}" ] || fail "docs: $shown" "$said"
  checked=$((checked + 1)) shown=''
}
while IFS= read -r line; do
  case $inside$line in
    '```console') inside=yes ;;
    yes'```') check_shown; inside='' ;;
    yes'$ '*) check_shown; shown=${line#"$ "} wanted='' ;;
    yes*) wanted+=$line$nl ;;
  esac
done < <(cat README.md docs/*.md)
if [ "$checked" -ge 8 ]; then ok "docs: $checked commands were run"
else fail "docs: the console blocks" "only $checked were found"; fi

[ "$failures" = 0 ]
