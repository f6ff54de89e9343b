#!/bin/sh
# What artifacts/build-go.sh makes for a conformance run: upstream's tests, what runs several of them at
# a time, and programs that their pods run. To be sourced after artifacts/go-recipes.sh.
# shellcheck disable=SC2034,SC2154

recipe() {
  modules='' packages='' programs='' stamps='' tags='' tests=''
  case $1 in
    e2e)
      modules=k8s.io/kubernetes
      tests=$modules/test/e2e programs=e2e.test=e2e.test
      add_program $modules/test/images/agnhost
      add_program $modules/test/images/nonewprivs
      add_program github.com/onsi/ginkgo/v2/ginkgo
      stamp_kubernetes "$2"
      ;;
    sample-apiserver)
      modules=k8s.io/sample-apiserver
      add_program $modules
      ;;
    etcd)
      modules=go.etcd.io/etcd/server/v3 packages=$modules programs=server=etcd
      ;;
    *) return 1 ;;
  esac
}
