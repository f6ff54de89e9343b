#!/usr/bin/env bash
# Drives `muster classroom` through the real binary: the examples, rosters with mistakes, 1,000
# students; then a classroom whose nodes are a simulation (tests/simulator), through joining, changing
# and leaving. Usage: MUSTER=build/debug/muster classroom.sh [BUILD_DIR]
# Prints "ok NAME" or "FAIL NAME: why".
# shellcheck disable=SC2317  # what check and trap call is reached
set -u

cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 2
suite=classroom
# shellcheck source=tests/support/simulation.sh
. tests/support/simulation.sh "$@"
has() { grep -qF -- "$1" "$work/out" || { echo "no '$1' in: $(cat "$work/out")"; return 1; }; }
lacks() { ! grep -F -- "$1" "$work/out"; }
run() {  # ARGUMENT...: leaves $code, what muster said in $work/out, and its results in $work/results
  "$muster" --roles "$work/mine" "$@" >"$work/results" 2>"$work/talk" </dev/null
  code=$?
  cat "$work/results" "$work/talk" >"$work/out"
}
classroom() {  # COMMAND OPTION...
  run classroom "$1" --template "$work/template.json" --roster "$work/roster.csv" "${@:2}"
}
exits() { same "$code" "$1"; }

# --- the example

run classroom plan --template examples/classroom/template.json --roster examples/classroom/roster.csv \
  --detailed-exitcode
check "example: there are changes" exits 2
check "example: three students join" has "classroom lab: 3 joining"
check "example: a row for each" grep -q '^juergen-mueller  *lab-juergen-mueller  *2  *joining  *22$' "$work/results"
check "example: one plan for those who are alike" same "$(grep -c '^cluster ' "$work/results")" 1
run classroom plan --template examples/classroom/template.json --roster examples/classroom/roster.csv --json
check "example: as JSON all three" same "$(grep -c '"deployment": "lab-' "$work/results")" 3
run classroom status --template examples/classroom/template.json --roster examples/classroom/roster.csv
check "example: nobody has a cluster yet" same "$(grep -c ' 0/2 *missing' "$work/results")" 3
check "example: nothing is recorded by that" same "$("$muster" list 2>/dev/null)" ""

# --- command lines

run classroom plan --template examples/classroom/template.json
check "a roster is needed" has "'muster classroom plan' needs '--roster FILE'"
run classroom destroy
check "destroy needs a name or a template" has "needs a CLASSROOM or '--template FILE'"
run classroom handout lab
check "handout needs a place" has "needs '--out DIR'"
run classroom destroy lab
check "destroy without a terminal needs --yes" has "without a terminal to ask on, say --yes"
run classroom destroy nobody --yes
check "destroying nothing is fine" exits 0

# --- mistakes

bad=tests/classroom/rosters
run classroom plan --template examples/classroom/template.json --roster $bad/latin-1.csv
check "a roster that is not UTF-8: exit code 2" exits 2
check "a roster that is not UTF-8: says how to save it" has 'CSV UTF-8'
run classroom apply --template examples/classroom/template.json --roster $bad/bad-fields.csv --yes
check "bad fields: exit code 2" exits 2
check "bad fields: every row at once" same "$(grep -c ': error: ' "$work/talk")" 6
check "bad fields: nothing was changed" has "nothing was changed"
run classroom plan --template examples/classroom/template.json --roster examples/classroom/roster.csv \
  --set nodes.0.roles='["ectd"]'
check "a mistake in the template: is said once" same "$(grep -c "unknown role 'ectd'" "$work/talk")" 1
run classroom plan --template /nonexistent.json --roster /nonexistent.csv
check "files that are not there: both are said" same "$(grep -c 'error: cannot read' "$work/talk")" 2
key=$(cut -d' ' -f1,2 "$work/key.pub")

# --- 1,000 students

{
  printf '\xef\xbb\xbfname;email;ssh key\r\n'
  for ((i = 0; i < 1000; i++)); do printf 'Student %04d;s%d@example.com;%s\r\n' $i $i "$key"; done
} >"$work/many.csv"
run classroom plan --template examples/classroom/template.json --roster "$work/many.csv"
check "1,000 students: a plan" exits 0
check "1,000 students: all join" has "classroom lab: 1000 joining"
check "1,000 students: a row for each" same "$(grep -c '^student-[0-9]* .* joining ' "$work/results")" 1000
check "1,000 students: one key for all is 999 warnings" same "$(grep -c 'has the key of' "$work/talk")" 999

# --- a classroom of simulated nodes

play 8
cat >"$work/template.json" <<JSON
{
  "name": "sim",
  "provider": {"name": "inventory", "hints": {"file": "$work/hosts.yaml"}},
  "attribs": {"login_user": "student"},
  "nodes": [{"prefix": "{{student}}", "roles": ["few"], "count": 2}]
}
JSON
enroll() {  # NAME...: the roster
  echo "name,ssh key" >"$work/roster.csv"
  local name
  for name in "$@"; do
    [ -e "$work/$name.pub" ] || ssh-keygen -q -t ed25519 -N "" -C "" -f "$work/$name"
    echo "$name,$(cat "$work/$name.pub")" >>"$work/roster.csv"
  done
}
deployments() { "$muster" list 2>/dev/null | awk 'NR > 1 { print $1 }' | xargs; }
runs_of() { "$muster" logs "$1" --all | grep -c '^20.*  done$'; }

enroll ann bob
classroom apply
check "apply: two students" exits 0
check "apply: each has a cluster" same "$(deployments)" "sim-ann sim-bob"
check "apply: each is a tenant" same "$("$muster" list | awk '$1 == "sim-ann" { print $2 }')" sim-ann
classroom plan --detailed-exitcode
check "a plan after it: nothing to do" exits 0
scripts=$(counted scripts)
logins=$(counted authenticated)
classroom apply
check "a second apply: all is as it should be" has "the classroom 'sim' is as it should be"
check "a second apply: asks no node" same "$(counted authenticated) $(counted scripts)" "$logins $scripts"
"$muster" --roles "$work/mine" history sim-ann 1 >"$work/ann.json"
run plan "$work/ann.json" --detailed-exitcode
check "the definition on record is whole" exits 0

enroll ann bob carl
classroom apply
check "a student joins: only that cluster is worked on" same "$code $(counted scripts) $(runs_of sim-ann)" \
  "0 $((scripts + 2)) 1"
check "a student joins: there are three" same "$(deployments)" "sim-ann sim-bob sim-carl"

rm "$work/bob" "$work/bob.pub"
enroll ann bob carl
classroom plan
check "another key: one student changes" has "classroom sim: 1 changing, 2 unchanged"
classroom apply
check "another key: one student is worked on" same "$code $(runs_of sim-ann) $(runs_of sim-bob) $(runs_of sim-carl)" \
  "0 1 2 1"

enroll ann carl
classroom plan --detailed-exitcode
check "a student leaves: the plan says so" grep -q '^bob  *sim-bob  *2  *leaving ' "$work/results"
classroom apply
check "a student leaves: without a terminal it takes --yes" exits 2
check "a student leaves: it says who would go" has "apply would destroy sim-bob"
check "a student leaves: nothing is gone yet" same "$(deployments)" "sim-ann sim-bob sim-carl"
answered=$(echo n | script -qec "'$muster' --roles '$work/mine' classroom apply \
  --template '$work/template.json' --roster '$work/roster.csv'" /dev/null | tee "$work/out"; echo "${PIPESTATUS[1]}")
check "a student leaves: on a terminal it asks" grep -q "destroy 'sim-bob' and all on its nodes?" <<< "$answered"
check "a student leaves: and takes a no" same "$(tail -n 1 <<< "$answered") $(deployments)" \
  "130 sim-ann sim-bob sim-carl"
classroom status
check "a student leaves: status says so" grep -q '^bob .* applied, leaving' "$work/results"
classroom apply --yes
check "a student leaves: only that cluster is gone" same "$code $(deployments)" "0 sim-ann sim-carl"
check "a student leaves: the others are not touched" same "$(runs_of sim-ann) $(runs_of sim-carl)" "1 1"

enroll ann bob carl dave
classroom apply --yes
check "one comes back, and another: both get clusters" same "$code $(deployments)" \
  "0 sim-ann sim-bob sim-carl sim-dave"
run destroy sim-dave --yes
cp "$work/hosts.yaml" "$work/hosts.good"
# Those that nobody has; which these are is chance.
for host in $(sed -nE 's/.*name: (sim[0-9]+),.*/\1/p' "$work/hosts.yaml"); do
  grep -rqsF "\"host\": \"$host\"" "$work/claims" ||
    sed -i -E "/name: $host,/ s/port: [0-9]+/port: 9/" "$work/hosts.yaml"
done
enroll ann bob carl eve
classroom apply --yes
check "dead nodes: the exit code says so" exits 1
classroom status -o json
check "dead nodes: status tells them apart" same \
  "$(sed -n 's/.*"state": "\(.*\)".*/\1/p' "$work/results" | sort | uniq -c | xargs)" "3 applied 1 incomplete"

# --- what students are given

handout() { classroom handout --out "$work/out.d" "$@"; }
handout
check "handout: who has no whole cluster is left out" exits 1
check "handout: and named" has "left out: 'sim-eve' is not complete"
check "handout: the others have folders" same "$(find "$work/out.d" -mindepth 1 -type d -printf '%f\n' | sort | xargs)" \
  "ann bob carl"
check "handout: for their eyes only" same "$(find "$work/out.d" -printf '%m\n' | sort | uniq -c | xargs)" \
  "9 600 4 700"
check "handout: no private key" bash -c "! grep -r 'PRIVATE KEY' '$work/out.d'"
check "handout: the nodes' host keys" same "$(grep -c '^ann-00[12],.* ssh-' "$work/out.d/ann/known_hosts")" 2
check "handout: and nobody else's" bash -c "! grep -r 'bob\|carl' '$work/out.d/ann'"
check "handout: ssh finds the node" bash -c "cd '$work/out.d/ann' && ssh -G -F ssh_config ann-001 |
  grep -q '^user student$'"
chmod 755 "$work/out.d/ann"
cp -r "$work/out.d" "$work/before.d"
handout
check "handout: again it is the same" diff -r "$work/before.d" "$work/out.d"
check "handout: and for their eyes only again" same "$(stat -c %a "$work/out.d/ann")" 700
rm -rf "$work/out.d"
mkdir "$work/open.d" && chmod 777 "$work/open.d"
classroom handout --out "$work/open.d"
check "handout: not where others may write" same "$code $(find "$work/open.d" -mindepth 1 | wc -l)" "2 0"
handout --zip
check "zip: a file for each student" same "$(find "$work/out.d" -mindepth 1 -printf '%f %m\n' | sort | xargs)" \
  "ann.zip 600 bob.zip 600 carl.zip 600"
unzip -q "$work/out.d/ann.zip" -d "$work/unpacked"
check "zip: the same files" diff -r "$work/before.d/ann" "$work/unpacked/ann"
mkdir "$work/few-programs"
ln -s "$(command -v cat)" "$work/few-programs/cat"
PATH=$work/few-programs handout --zip
check "zip: without the program it says so" has "install the program zip"

# --- on, and gone

cp "$work/hosts.good" "$work/hosts.yaml"
classroom apply --yes
check "the next apply does the rest" same "$code $(runs_of sim-ann)" "0 1"
printf '{"name": "sim-frank", "provider": {"name": "inventory", "hints": {"file": "%s"}},
  "commit": false, "nodes": [{"prefix": "frank", "roles": ["few"]}]}' "$work/hosts.yaml" >"$work/frank.json"
run destroy sim-eve --yes
run apply "$work/frank.json" --yes
enroll ann bob carl frank
classroom apply --yes
check "a deployment of that name from elsewhere: is refused" same "$code $(deployments)" \
  "2 sim-ann sim-bob sim-carl sim-frank"
check "a deployment of that name from elsewhere: why" has "which is not of 'sim'"
run classroom status sim
check "status by the classroom's name" same "$(grep -c ' 2/2 *applied' "$work/results")" 3
run classroom destroy --template "$work/template.json" --yes
check "destroy: all of the classroom and nothing else" same "$code $(deployments)" "0 sim-frank"
run classroom destroy sim --yes
check "destroy: twice is fine" exits 0
classroom apply --destroy --yes
check "apply --destroy: the same" exits 0
run destroy sim-frank --yes

[ "$failures" = 0 ]
