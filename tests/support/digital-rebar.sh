# A cluster file as Digital Rebar's multideploy.sh had them (deploy-001.json), with a release and a
# network plugin that can be had.
# shellcheck shell=bash
cluster_file() {  # NAME PUBLIC-KEY-FILE
  cat <<JSON
{
  "commit": true,
  "attribs": {
    "k8s-version": "v1.37.2",
    "k8s-cloud_provider": "generic",
    "k8s-kube_network_plugin": "bridge",
    "k8s-cluster_name": "cluster.local",
    "k8s-kube_service_addresses": "10.233.0.0/18",
    "k8s-kube_pod_subnet": "10.233.64.0/18"
  },
  "name": "$1",
  "tenant": "$1",
  "public_keys": {"$1": "$(cat "$2")"},
  "provider": {
    "name": "google-provider",
    "hints": {"disks": [{"autoDelete": true, "boot": true, "type": "PERSISTENT", "initializeParams": {
      "sourceImage": "projects/centos-cloud/global/images/centos-7-v20160803"}}]}
  },
  "nodes": [
    {"id": -1, "prefix": "$1-control", "roles": ["etcd", "k8s-addons", "k8s-master"], "count": 1},
    {"id": -2, "prefix": "$1-worker", "roles": ["k8s-worker"], "count": 3}
  ],
  "role_apply_order": ["etcd", "k8s-worker", "k8s-master", "k8s-addons"]
}
JSON
}
