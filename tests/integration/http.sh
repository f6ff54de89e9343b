#!/usr/bin/env bash
# Requests over real lines: a web server of Python's (support/web_server.py) with and without TLS and on a
# socket of its own, and tinyproxy before it; http_test.cc says what is asked.
# Usage: http.sh BUILD_DIR [options of the test program]. Some seconds.
# Runs beside others.
# shellcheck disable=SC2317  # trap calls it
set -u

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
program=$(realpath "${1:?usage: http.sh BUILD_DIR}")/tests/integration_http
shift
work=$(mktemp -d "${TMPDIR:-/tmp}/muster-http.XXXXXX")
pids=()
port=
clean_up() {
  [ ${#pids[@]} -eq 0 ] || kill "${pids[@]}" 2>/dev/null
  wait
  rm -rf "$work"
}
trap clean_up EXIT

(
  cd "$work" || exit 1
  key="-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes"
  # shellcheck disable=SC2086
  {
    openssl req -x509 $key -days 2 -subj /CN=ca -keyout ca.key -out ca.pem
    for name in server client; do
      openssl req $key -subj /CN=$name -keyout $name.key -out $name.csr
      openssl x509 -req -in $name.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 \
        -extfile <(echo subjectAltName=IP:127.0.0.1) -out $name.pem
    done
  }
) > "$work/openssl.log" 2>&1 || { echo "FAIL http: certificates: $(tail -n 1 "$work/openssl.log")"; exit 1; }

serve() {  # NAME [OPTION...]
  mkdir "$work/$1"
  cp "$work/server.pem" "$work/$1/cert.pem"
  cp "$work/server.key" "$work/$1/key.pem"
  python3 "$root/tests/support/web_server.py" "$work/$1" "${@:2}" 2> "$work/$1/errors" &
  pids+=($!)
}
serve plain
serve tls --tls
serve mutual --tls --client-ca "$work/ca.pem"
serve socket --unix "$work/socket/socket"
without=()
if ! command -v tinyproxy > /dev/null; then
  echo "skip http: proxies: needs tinyproxy-bin"
  without=(-tce='*prox*')
else
  mkdir "$work/proxy"
  chmod 755 "$work" "$work/proxy"
  port=$((20000 + RANDOM % 12000))
  while (exec 3<> "/dev/tcp/127.0.0.1/$port") 2> /dev/null; do port=$((20000 + RANDOM % 12000)); done
  printf '%s\n' "Port $port" "Listen 127.0.0.1" "Timeout 60" "BasicAuth me open-sesame" "MaxClients 50" \
    "LogLevel Connect" > "$work/proxy/conf"
  tinyproxy -d -c "$work/proxy/conf" > "$work/proxy/log" 2>&1 &
  pids+=($!)
  echo "$port" > "$work/proxy/port"
fi
answers() { (exec 3<> "/dev/tcp/127.0.0.1/$(cat "$work/$1/port")") 2> /dev/null; }
for name in plain tls mutual ${port:+proxy}; do
  for try in {1..200}; do
    answers $name 2> /dev/null && break
    [ "$try" != 200 ] || { echo "FAIL http: the server '$name' starts: $(cat "$work/$name/"{errors,log} 2>/dev/null)"; exit 1; }
    sleep 0.1
  done
done

unset http_proxy https_proxy all_proxy no_proxy HTTPS_PROXY ALL_PROXY NO_PROXY
HTTP_TEST=$work "$program" "${without[@]}" "$@"
