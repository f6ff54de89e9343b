# BMCs for scripts that source this, with $work and $root set: ipmi_sim (Debian's openipmi) and
# tests/support/redfish.py, each with the plug of one machine in its hand.
#   plug NAME                    makes $work/NAME, the plug: off at first; a file "deaf" in there: the
#                                machine does not hear that it is to end. "switches" has what was done;
#                                a program "machine" in there is a real one: get, on, off, soft
#   certificates                 makes $work/ca.pem and a certificate for 127.0.0.1
#   start_redfish NAME [OPTION...]   leaves its port in $bmc_port; its folder is $work/NAME
#   start_ipmi NAME              the same
#   start_sushy NAME             the same, the fake driver of sushy-tools; false where it cannot be had
#   stop_bmcs
# The user is muster, the password is in $work/NAME/password.
# shellcheck shell=bash disable=SC2154,SC2034  # work and root are the script's; bmc_port is for it

bmc_pids=()
stop_bmcs() {
  [ ${#bmc_pids[@]} -eq 0 ] || kill "${bmc_pids[@]}" 2>/dev/null
  bmc_pids=()
}

plug() {  # NAME
  mkdir -p "$work/$1"
  echo off > "$work/$1/power"
  # Not more than 20 bytes: IPMI.
  [ -e "$work/$1/password" ] || (umask 077; head -c 8 /dev/urandom | od -An -tx1 | tr -d ' ' > "$work/$1/password")
  cat > "$work/$1/plug" <<'PLUG'
#!/bin/bash
# get, on, off or soft.
cd "${0%/*}" || exit 1
if [ "$1" = get ]; then
  [ ! -x ./machine ] || exec ./machine get
  exec cat power
fi
echo "$1" >> switches
if [ "$1" = soft ] && [ -e deaf ]; then exit; fi
[ ! -x ./machine ] || exec ./machine "$1" < /dev/null > /dev/null 2>&1
[ "$1" = on ] && echo on > power || echo off > power
PLUG
  # What ipmi_sim calls: get|set WHAT [VALUE].
  cat > "$work/$1/chassis" <<'CHASSIS'
#!/bin/bash
cd "${0%/*}" || exit 1
case "$1 $2 ${3-}" in
  "get power ") echo "power:$(./plug get | grep -c on)" ;;
  "get boot ") echo "boot:$(cat boot 2>/dev/null || echo none)" ;;
  "set power 1") ./plug on ;;
  "set power 0") ./plug off ;;
  "set shutdown 1") ./plug soft ;;
  "set boot "*) echo "$3" > boot ;;
esac
CHASSIS
  chmod +x "$work/$1/plug" "$work/$1/chassis"
}

certificates() {
  (
    cd "$work" || exit 1
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=bmc-ca \
      -keyout ca.key -out ca.pem
    openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=bmc -keyout bmc.key -out bmc.csr
    openssl x509 -req -in bmc.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 \
      -extfile <(echo subjectAltName=IP:127.0.0.1) -out bmc.pem
  ) > "$work/openssl.log" 2>&1
}

start_redfish() {  # NAME [OPTION...]
  local try
  cp "$work/bmc.pem" "$work/$1/cert.pem"
  cp "$work/bmc.key" "$work/$1/key.pem"
  rm -f "$work/$1/port"
  python3 "$root/tests/support/redfish.py" "$work/$1" "$work/$1/plug" "${@:2}" 2>> "$work/$1/errors" &
  bmc_pids+=($!)
  for try in {1..100}; do
    [ ! -e "$work/$1/port" ] || break
    [ "$try" = 100 ] || sleep 0.1
  done
  bmc_port=$(cat "$work/$1/port")
}

# ipmi_sim takes no port 0; who asks for one that is in use gets another one.
start_ipmi() {  # NAME
  local try pid
  for try in {1..10}; do
    bmc_port=$((20000 + RANDOM % 12000))
    cat > "$work/$1/lan.conf" <<CONF
name "$1"
set_working_mc 0x20
  startlan 1
    addr 127.0.0.1 $bmc_port
    priv_limit admin
    allowed_auths_callback md5
    allowed_auths_user md5
    allowed_auths_operator md5
    allowed_auths_admin md5
    guid a123456789abcdefa123456789abcdef
  endlan
  chassis_control "$work/$1/chassis"
  user 2 true "muster" "$(cat "$work/$1/password")" operator 10 md5
CONF
    printf '%s\n' "mc_setbmc 0x20" "mc_add 0x20 0 no-device-sdrs 0x23 9 8 0x9f 0x1291 0xf02" "mc_enable 0x20" \
      > "$work/$1/sim.emu"
    ipmi_sim -n -c "$work/$1/lan.conf" -f "$work/$1/sim.emu" -s "$work/$1/sim" > "$work/$1/ipmi.log" 2>&1 < /dev/null &
    pid=$!
    sleep 0.3
    kill -0 "$pid" 2>/dev/null && { bmc_pids+=("$pid"); return; }
  done
  return 1
}

# From the Python index, once: Debian has no package of it.
start_sushy() {  # NAME
  local version=2.2.0 tools pid
  tools=${MUSTER_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/muster}/test-tools/sushy-tools-$version
  if [ ! -d "$tools" ]; then
    rm -rf "$tools.part"
    timeout 120 python3 -m pip install -q --no-cache-dir --target "$tools.part" "sushy-tools==$version" \
      > "$work/$1/pip.log" 2>&1 && mv -T "$tools.part" "$tools" || return 1
  fi
  bmc_port=$((20000 + RANDOM % 12000))
  mkdir "$work/$1/state"
  PYTHONPATH=$tools python3 -c '
import bcrypt, sys
print("muster:" + bcrypt.hashpw(sys.stdin.read().strip().encode(), bcrypt.gensalt(4)).decode())' \
    < "$work/$1/password" > "$work/$1/htpasswd" || return 1
  cat > "$work/$1/config.py" <<CONF
SUSHY_EMULATOR_AUTH_FILE = '$work/$1/htpasswd'
SUSHY_EMULATOR_STATE_DIR = '$work/$1/state'
SUSHY_EMULATOR_FAKE_SYSTEMS = [{'uuid': '27946b59-9e44-4fa7-8e91-f3527a1ef094', 'name': 'fake', 'power_state': 'Off',
                                'nics': [{'mac': '00:5c:52:31:3a:9c', 'ip': '172.22.0.100'}]}]
CONF
  PYTHONPATH=$tools python3 -c 'from sushy_tools.emulator.main import main; main()' --config "$work/$1/config.py" \
    --fake -i 127.0.0.1 -p "$bmc_port" --ssl-certificate "$work/bmc.pem" --ssl-key "$work/bmc.key" \
    > "$work/$1/sushy.log" 2>&1 < /dev/null &
  pid=$!
  bmc_pids+=("$pid")
  until (exec 3<> "/dev/tcp/127.0.0.1/$bmc_port") 2>/dev/null; do
    kill -0 "$pid" 2>/dev/null || return 1
    sleep 0.2
  done
}
