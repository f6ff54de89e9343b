#!/bin/sh
# What build-go.sh makes of each component, and scripts/pin-go-modules looks up. To be sourced.
#
# recipe NAME VERSION sets `modules` (that the component is in), `packages` (to compile), `programs`
# (PROGRAM=ARTIFACT, as Go names them and as the catalog does), `stamps` for the linker, `tags`, and
# `tests` (packages whose tests become a program).
# shellcheck disable=SC2034

recipe() {
  modules='' packages='' programs='' stamps='' tags='' tests=''
  case $1 in
    kubernetes) recipe_kubernetes "$2" ;;
    etcd)
      source=go.etcd.io/etcd
      modules="$source/server/v3 $source/etcdctl/v3 $source/etcdutl/v3"
      packages=$modules
      programs="server=etcd etcdctl=etcdctl etcdutl=etcdutl"
      stamps="-X $source/api/v3/version.GitSHA=module"
      ;;
    containerd)
      modules=github.com/containerd/containerd/v2
      for program in containerd containerd-shim-runc-v2 ctr; do
        add_program $modules/cmd/$program
      done
      stamps="-X $modules/version.Version=$2"
      ;;
    runc)
      # Kubelets give every sandbox a seccomp profile: without libseccomp no pod starts.
      modules=github.com/opencontainers/runc
      add_program $modules
      tags="seccomp netgo osusergo"
      stamps="-linkmode external -extldflags -static"
      ;;
    cni-plugins)
      modules=github.com/containernetworking/plugins
      for plugin in main/bridge main/loopback ipam/host-local meta/portmap; do
        add_program $modules/plugins/$plugin cni-
      done
      stamps="-X $modules/pkg/utils/buildversion.BuildVersion=$2"
      ;;
    crictl)
      modules=sigs.k8s.io/cri-tools
      add_program $modules/cmd/crictl
      stamps="-X $modules/pkg/version.Version=$2"
      ;;
    coredns)
      # Its main.go, beside go.mod, says which plugins go in.
      modules=github.com/coredns/coredns packages=. programs=build=coredns
      stamps="-X $modules/coremain.GitCommit=module"
      ;;
    *) return 1 ;;
  esac
}

recipe_kubernetes() {
  modules=k8s.io/kubernetes
  for program in apiserver controller-manager scheduler proxy; do
    add_program $modules/cmd/kube-$program
  done
  for program in kubelet kubectl; do
    add_program $modules/cmd/$program
  done
  stamp_kubernetes "$1"
}

stamp_kubernetes() { # VERSION
  minor=${1#v1.} minor=${minor%%.*}
  for package in k8s.io/component-base/version k8s.io/client-go/pkg/version; do
    for stamp in "gitVersion=$1" gitMajor=1 "gitMinor=$minor" gitTreeState=clean gitCommit=module \
      buildDate=1970-01-01T00:00:00Z; do
      stamps="$stamps -X $package.$stamp"
    done
  done
}

add_program() { # PACKAGE [PREFIX]
  packages="$packages $1"
  programs="$programs ${1##*/}=${2:-}${1##*/}"
}
