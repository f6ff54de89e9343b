#!/bin/bash
# A classroom for real: a cluster for each student from one command, each apart from all
# others, which is tried; one joins late, one leaves; one command, and nothing is left.
# STUDENTS=6 tries it with as many.
# shellcheck source=tests/support/e2e.sh
# shellcheck disable=SC2317  # what check calls is reached
. "$(dirname "$0")/../support/e2e.sh"

students=${STUDENTS:-3}
template=$root/examples/classroom/template.json
roster=$work/roster.csv
handouts=$work/handout
unset SSH_AUTH_SOCK
kubectl=$("$muster" artifacts path kubectl)
mkdir "$work/keys"

enroll() {  # NUMBER...: the roster
  echo 'name;email;ssh key' > "$roster"
  local number
  for number in "$@"; do
    [ -e "$work/keys/$number" ] || ssh-keygen -q -t ed25519 -N "" -f "$work/keys/$number"
    echo "Student $number;$number@example.com;$(cat "$work/keys/$number.pub")" >> "$roster"
  done
}
classroom() { "$muster" classroom "$1" --template "$template" --roster "$roster" "${@:2}"; }
cluster() { echo "lab-student-$1"; }
folder() { echo "$handouts/student-$1"; }
others_of() { seq "$students" | grep -vx "$1"; }

# What students do with their folder and their key.
student_kubectl() { "$kubectl" --kubeconfig "$(folder "$1")/kubeconfig" --request-timeout=10s "${@:2}"; }
student_ssh() {  # KEY-OF FOLDER-OF OPTION... NODE COMMAND...
  (cd "$(folder "$2")" && ssh -F ssh_config -o BatchMode=yes -o IdentitiesOnly=yes -o LogLevel=ERROR \
    -o ConnectTimeout=10 -i "$work/keys/$1" "${@:3}" </dev/null)
}
address() { sed -n "/^Host $2\$/,/HostName/s/ *HostName //p" "$(folder "$1")/ssh_config"; }

ready_nodes() { student_kubectl "$1" get nodes --no-headers | awk '$2 == "Ready"' | wc -l; }
both_ready() { [ "$(ready_nodes "$1")" = 2 ]; }

# --- one command

enroll $(seq "$students")
started=$SECONDS
need "one command makes $students clusters" classroom apply --yes
echo "$students clusters in $((SECONDS - started)) s"
need "handout writes a folder for each" classroom handout --out "$handouts"
check "there are as many folders" test "$(find "$handouts" -mindepth 1 -type d | wc -l)" = "$students"
for i in $(seq "$students"); do
  need "student $i: both nodes are Ready" until_true 60 both_ready "$i"
done
check "the plan is empty then" classroom plan --detailed-exitcode
check "status has all of them" \
  test "$(classroom status | grep -c ' 2/2 *applied *https://')" = "$students"

# --- what is one's own works

busybox() {  # STUDENT POD OPTION... -- COMMAND...
  student_kubectl "$1" run "$2" --restart=Never --image=docker.io/library/busybox:1.35 \
    --image-pull-policy=Never --command "${@:3}"
}
# A pod that tells whose it is, and one in its node's own network: nodes have no ping themselves.
serve() {  # STUDENT
  import_busybox "$(cluster "$1")" &&
    busybox "$1" web -- sh -c "mkdir /www; echo student-$1 > /www/index.html; exec httpd -f -p 8080 -h /www" &&
    busybox "$1" node --overrides='{"apiVersion": "v1", "spec": {"hostNetwork": true}}' -- sleep 100000 &&
    student_kubectl "$1" wait pod/web pod/node --for=condition=Ready --timeout=120s
}
pod_address() { student_kubectl "$1" get pod web -o jsonpath='{.status.podIP}'; }
pings() {  # STUDENT ADDRESS...: prints what could be reached
  local host
  for host in "${@:2}"; do
    student_kubectl "$1" exec node -- ping -c 1 -W 2 "$host" >/dev/null 2>&1 && echo "ping $host"
  done
}
# The same by a shell on a node, which tries all at once.
probe() {  # STUDENT CONTROL WORKER POD
  (cd "$(folder "$1")" && ssh -F ssh_config -o BatchMode=yes -o IdentitiesOnly=yes -o LogLevel=ERROR \
    -i "$work/keys/$1" control-001 bash -s -- "$2" "$3" "$4") <<'SHELL'
try() { timeout 3 bash -c "$2" >/dev/null 2>&1 && echo "$1"; }
for host in "$1" "$2"; do
  for port in 22 6443 10250; do try "tcp $host:$port" "exec 3<>/dev/tcp/$host/$port" & done
done
{ timeout 3 bash -c "exec 3<>/dev/tcp/$3/8080; printf 'GET / HTTP/1.0\r\n\r\n' >&3; cat <&3" 2>/dev/null |
  sed -n 's/^student-/pod of student-/p'; } &
wait
SHELL
}
certificate_code() {  # OF AGAINST: the HTTP status that the API gives to this administrator
  local kubeconfig name
  kubeconfig=$(folder "$1")/kubeconfig
  for name in certificate key; do
    sed -n "s/ *client-$name-data: \"\(.*\)\"/\1/p" "$kubeconfig" | base64 -d > "$work/client.$1.$name"
  done
  curl -sk -o /dev/null -w '%{http_code}' --max-time 10 --cert "$work/client.$1.certificate" \
    --key "$work/client.$1.key" "https://$(address "$2" control-001):6443/api/v1/nodes"
}
own_probe() {
  local control worker said
  control=$(address "$1" control-001) worker=$(address "$1" worker-001)
  said=$({ pings "$1" "$control" "$worker"; probe "$1" "$control" "$worker" "$(pod_address "$1")"; } | sort)
  [ "$said" = "$(sort << LIST
ping $control
ping $worker
tcp $control:22
tcp $control:6443
tcp $control:10250
tcp $worker:22
tcp $worker:10250
pod of student-$1
LIST
  )" ] || { echo "$said"; return 1; }
}
# As the instructor would hand them out on a machine that all use.
user_of() { echo $((40000 + $1)); }
as_user() { setpriv --reuid "$(user_of "$1")" --regid "$(user_of "$1")" --clear-groups "${@:2}"; }
chmod 711 "$work" "$handouts"
for i in $(seq "$students"); do chown -R "$(user_of "$i"):$(user_of "$i")" "$(folder "$i")"; done

for i in $(seq "$students"); do
  check "student $i: a pod runs" serve "$i"
  check "student $i: ssh logs in" test "$(student_ssh "$i" "$i" worker-001 whoami)" = student
  check "student $i: and becomes root" test "$(student_ssh "$i" "$i" worker-001 sudo -n whoami)" = root
  check "student $i: the API takes the certificate" test "$(certificate_code "$i" "$i")" = 200
  check "student $i: own nodes and pods are reached" until_true 30 own_probe "$i"
  check "student $i: reads the own folder" as_user "$i" grep -q 'kubectl get nodes' "$(folder "$i")/README.md"
done

# --- and nobody else's

refused_login() {  # KEY-OF FOLDER-OF USER
  local node said
  for node in control-001 worker-001; do
    said=$(student_ssh "$1" "$2" -l "$3" "$node" true 2>&1) && { echo "logged in to $node"; return 1; }
    grep -q 'Permission denied' <<< "$said" || { echo "$node: $said"; return 1; }
  done
}
refused_api() {  # OF AGAINST
  local said
  said=$(student_kubectl "$1" --server "https://$(address "$2" control-001):6443" get nodes 2>&1) &&
    { echo "$said"; return 1; }
  grep -q 'certificate signed by unknown authority' <<< "$said" || { echo "$said"; return 1; }
  [ "$(certificate_code "$1" "$2")" = 401 ]
}
unreachable() {  # FROM TO: also when the way to the pod is told
  local pod said control worker
  pod=$(pod_address "$2") control=$(address "$2" control-001) worker=$(address "$2" worker-001)
  student_ssh "$1" "$1" control-001 "sudo -n ip route replace $pod/32 via $worker onlink \
    dev \$(ip -o route show default | sed 's/.* dev \([^ ]*\).*/\1/')" || { echo "no route"; return 1; }
  said=$(pings "$1" "$control" "$worker"; probe "$1" "$control" "$worker" "$pod")
  student_ssh "$1" "$1" control-001 "sudo -n ip route del $pod/32"
  [ -z "$said" ] || { echo "reached: $said"; return 1; }
}
unreadable() {  # BY OF
  ! as_user "$1" ls "$(folder "$2")" && ! as_user "$1" cat "$(folder "$2")/kubeconfig"
}

try_others() {  # STUDENT
  local other pair
  failures=0
  for other in $(others_of "$1"); do
    pair="student $1, what is student $other's"
    check "$pair: no login" refused_login "$1" "$other" student
    check "$pair: no login as root" refused_login "$1" "$other" root
    check "$pair: no API" refused_api "$1" "$other"
    check "$pair: no way to nodes and pods" unreachable "$1" "$other"
    check "$pair: no look into the folder" unreadable "$1" "$other"
  done
  [ "$failures" = 0 ]
}

# All students at the same time: what is refused in silence takes its time.
tries=()
for i in $(seq "$students"); do
  try_others "$i" > "$work/tries.$i" 2>&1 &
  tries+=($!)
done
for i in $(seq "$students"); do
  wait "${tries[i - 1]}" || failures=$((failures + 1))
  cat "$work/tries.$i"
done

# --- one joins, one leaves

traces() {  # STUDENT: when its nodes were started, and its pods
  local node
  for node in control-001 worker-001; do
    "$muster" ssh "$(cluster "$1")" $node -- systemctl show -p UserspaceTimestampMonotonic </dev/null
  done
  student_kubectl "$1" get pods -A -o jsonpath='{range .items[*]}{.metadata.uid}{"\n"}{end}' | sort
}
stayers=$(seq $((students - 1)))
for i in $stayers; do traces "$i" > "$work/traces.$i"; done
check "there are traces to compare" test "$(wc -l < "$work/traces.1")" -ge 4
late=$((students + 1))
# shellcheck disable=SC2086  # numbers
enroll $stayers $late
no_leaving() { ! classroom apply < /dev/null; }
check "a student is not deleted unasked" no_leaving
check "one joins and one leaves" classroom apply --yes
check "who left has no cluster" bash -c "! '$muster' list | grep -q '^$(cluster "$students") '"
check "the others still have theirs" test "$("$muster" list | grep -c '^lab-student-')" = "$students"
rm -rf "$handouts"
check "handout has who joined" classroom handout --out "$handouts"
check "student $late: both nodes are Ready" until_true 60 both_ready "$late"
for i in $stayers; do
  check "student $i: same nodes, same pods" diff "$work/traces.$i" <(traces "$i")
done

# --- one command, and nothing is left

check "destroy removes all of it" "$muster" classroom destroy --template "$template" --yes
check "no deployment is left" test -z "$("$muster" list 2>/dev/null)"
check "nothing is left" nothing_left
check "destroying twice is fine" "$muster" classroom destroy lab --yes
