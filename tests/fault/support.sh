# Shared by the scripts of this folder: sourced, never run. Nodes have light roles (roles/), and
# those that a script writes itself.
# shellcheck source=tests/support/e2e.sh
. "$(dirname "${BASH_SOURCE[0]}")/../support/e2e.sh"

programs=${1:-$root/build/debug}/tests
events=$work/events
mkdir -p "$work/roles" "$work/templates"

light() { "$muster" --roles "$work" --roles "$root/tests/fault/roles" "$@"; }

role() {  # NAME: its file comes on stdin
  mkdir -p "$work/roles/$1"
  { echo "role: $1"; echo "description: a role of this test"; cat; } > "$work/roles/$1/role.yaml"
}

# definition NAME ROLE...: a control node, and two workers with these roles too
definition() {
  local name=$1 IFS=,
  shift
  local roles="$*"
  file=$work/$name.json
  cat > "$file" <<JSON
{
  "name": "$name",
  "attribs": { "k8s-kube_network_plugin": "none" },
  "nodes": [
    { "prefix": "f-control", "roles": ["etcd", "k8s-master"] },
    { "prefix": "f-worker", "roles": ["k8s-worker"${roles:+,\"${roles//,/\",\"}\"}], "count": 2 }
  ]
}
JSON
}

# start ARGUMENT...: muster in the background, its events in $events, its talk in $work/talk.
start() {
  : > "$events"  # what an earlier run said is not taken for this one's
  (exec "$muster" --roles "$work" --roles "$root/tests/fault/roles" "$@" --json) \
    > "$events" 2> "$work/talk" &
  started=$!
}
# Waits for what start started (not in a case: those are subshells, and wait for no one's children).
finished() { code=0; wait "$started" || code=$?; }
ended_with() { [ "$code" = "$1" ] || { echo "it ended with $code"; last_words; return 1; }; }
last_words() { tail -n 20 "$events" "$work/talk"; }
happened() { grep -q "$1" "$events"; }
not_begun() { ! happened "\"step_started\".*\"$1"; }  # STEPS
said() { grep -q "$1" "$events" "$work/talk" || { last_words; return 1; }; }

handle_of() {  # DEPLOYMENT NODE
  "$muster" status "$1" -o json |
    sed -n "/\"name\": \"$2\"/,/}/s/.*\"handle\": \"\([^\"]*\)\".*/\1/p"
}
processes_of() {  # HANDLE
  local group
  for group in /sys/fs/cgroup/pids/muster-"$1" /sys/fs/cgroup/muster-"$1" \
    /sys/fs/cgroup/muster.slice/muster-"$1".scope; do
    [ ! -d "$group" ] || find "$group" -name cgroup.procs -exec cat {} + 2>/dev/null
  done
}
disk_of() { echo "$MUSTER_LOCAL_DIR/nodes/$1/upper"; }  # HANDLE

as_recorded() { check "$1: what the provider has is on record" "$programs/fault_nodes" compare "$2"; }

# all_well CASE DEPLOYMENT: apply goes on to the end; then destroy leaves nothing.
all_well() {
  as_recorded "$1" "$2"
  check "$1: the next apply finishes" light apply "$work/$2.json"
  check "$1: then nothing is left to do" light plan "$work/$2.json" --refresh --detailed-exitcode
  as_recorded "$1, after apply" "$2"
  gone "$1" "$2"
}
gone() {  # CASE DEPLOYMENT
  check "$1: destroy" light destroy "$2" --yes
  check "$1: destroy leaves nothing" nothing_left
}
