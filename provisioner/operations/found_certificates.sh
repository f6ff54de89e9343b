# shellcheck shell=dash
# Prints what is public in each file that is there: kubeconfigs hold their certificate in base64, in
# quotes or, of earlier versions, without.

m_print() {
  [ -e "$1" ] || return 0
  printf '=> %s\n' "$1"
  sed -n '/-BEGIN CERTIFICATE-/,/-END CERTIFICATE-/p' "$1"
  sed -n 's/^ *client-certificate-data: "\{0,1\}\([^"]*\)"\{0,1\}$/\1/p' "$1" | base64 -d
}
