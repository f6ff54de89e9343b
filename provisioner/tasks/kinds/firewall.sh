# shellcheck shell=dash
# Needs firewalld.sh.

# Sets m_zone to that of the interface with this address; to the default one where it is in none.
m_firewall_zone() { # ADDRESS
  m_zone='' m_device=''
  if [ -n "$1" ] && m_has ip; then
    read -r m_ m_device m_ <<EOF
$(ip -o address show to "$1")
EOF
  fi
  [ -z "$m_device" ] || m_zone=$(firewall-cmd --get-zone-of-interface="$m_device" 2>/dev/null) || m_zone=
  [ -n "$m_zone" ] || m_zone=$(firewall-cmd --get-default-zone)
}

# firewalld writes a zone that changes into a file of its own, and keeps the last one beside it.
m_keep_zone() { # ZONE
  m_file=/etc/firewalld/zones/$1.xml
  if [ -e "$m_file" ] || [ -e "$m_file.old" ]; then return; fi
  m_known "$1 zone" firewall:zones || m_note zone "$1" firewall:zones
}

# What is permanent counts from firewalld's next start on. m_firewall_add ZONE KIND VALUE
m_firewall_add() {
  for m_when in runtime permanent; do
    if m_firewalld "$m_when" --zone="$1" "--query-$2=$3" 2>/dev/null; then continue; fi
    if m_change "add $2 $3 to firewalld's zone $1 ($m_when)"; then
      [ "$m_when" = runtime ] || m_keep_zone "$1"
      m_known "$1:$m_when firewall" "firewall:$2:$3" || m_note firewall "$1:$m_when" "firewall:$2:$3"
      m_told "firewall-cmd --zone=$1 --add-$2=$3 ($m_when)"
      m_firewalld "$m_when" --zone="$1" "--add-$2=$3"
    fi
  done
}

# m_firewall ADDRESS PORTS SOURCES
m_firewall() {
  m_firewalld_runs || return 0
  m_firewall_zone "$1"
  for m_port in $2; do m_firewall_add "$m_zone" port "$m_port"; done
  for m_source in $3; do m_firewall_add trusted source "$m_source"; done
}
