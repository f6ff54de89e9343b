# shellcheck shell=dash

# m_kubectl KUBECONFIG ARGUMENT...
m_kubectl() {
  m_config=$1
  shift
  kubectl ${m_config:+"--kubeconfig=$m_config"} "$@"
}

# m_manifest_again TRY: whether to ask again. Another node may have applied the same at the same time;
# an API server or etcd that restarts, or elects, is of use again soon.
m_manifest_again() {
  if grep -q -e AlreadyExists -e 'already exists' -e 'already allocated' -e 'has been modified' \
    "$m_tmp/refused"; then
    [ "$1" -lt 3 ]
  else
    grep -q -e 'etcdserver: ' -e 'connection refused' -e 'connection reset' -e EOF -e 'i/o timeout' \
      -e 'TLS handshake timeout' -e 'unable to handle the request' "$m_tmp/refused" &&
      [ "$1" -lt 20 ] && sleep 1
  fi
}

m_manifest_apply() {
  m_try=0
  while :; do
    m_told "kubectl apply -f - ($3)"
    if "$1" m_kubectl "$2" apply -f - >"$m_tmp/applied" 2>"$m_tmp/refused"; then return; fi
    cat "$m_tmp/refused"
    m_try=$((m_try + 1))
    m_manifest_again "$m_try" || break
  done
  exit 1
}

# m_manifest CONTENT KUBECONFIG NAME: the server says whether it changed anything.
m_manifest() {
  if [ "$m_mode" != apply ]; then
    # diff fails too when there is no server yet: then there is all to do.
    if "$1" m_kubectl "$2" diff -f - >/dev/null 2>&1; then return; fi
    m_change "apply $3" || return 0
  fi
  m_manifest_apply "$@"
  m_changed=
  while IFS= read -r m_line; do
    case $m_line in
      *' unchanged') ;;
      *)
        m_changed=1
        printf '%s\n' "$m_line"
        ;;
    esac
  done <"$m_tmp/applied"
  if [ -n "$m_changed" ]; then m_change "apply $3"; fi
}

m_manifest_absent() {
  m_told "kubectl get -f - ($3)"
  m_there=$("$1" m_kubectl "$2" get --ignore-not-found -o name -f -) || [ "$m_mode" != apply ]
  if [ -n "$m_there" ] && m_change "delete $3"; then
    m_told "kubectl delete -f - ($3)"
    "$1" m_kubectl "$2" delete --ignore-not-found -f -
  fi
}
