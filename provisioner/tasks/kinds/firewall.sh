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

# What is permanent counts from firewalld's next start on. m_firewall_add ZONE port|source VALUE...
m_firewall_add() {
  m_zone=$1 m_item=$2
  shift 2
  for m_when in runtime permanent; do
    m_there=" $(m_firewalld "$m_when" --zone="$m_zone" "--list-${m_item}s") " || m_fail "firewalld has no zone $m_zone"
    m_more=
    for m_value; do
      case $m_there in *" $m_value "*) continue ;; esac
      if m_change "add $m_item $m_value to firewalld's zone $m_zone ($m_when)"; then
        [ "$m_when" = runtime ] || m_keep_zone "$m_zone"
        m_known "$m_zone:$m_when firewall" "firewall:$m_item:$m_value" ||
          m_note firewall "$m_zone:$m_when" "firewall:$m_item:$m_value"
        m_more="$m_more --add-$m_item=$m_value"
      fi
    done
    [ -n "$m_more" ] || continue
    m_told "firewall-cmd ($m_when) --zone=$m_zone$m_more"
    m_firewalld "$m_when" --zone="$m_zone" $m_more >/dev/null
  done
}

# m_firewall ADDRESS PORTS SOURCES
m_firewall() {
  m_firewalld_runs || return 0
  m_firewall_zone "$1"
  [ -z "$2" ] || m_firewall_add "$m_zone" port $2
  [ -z "$3" ] || m_firewall_add trusted source $3
}
