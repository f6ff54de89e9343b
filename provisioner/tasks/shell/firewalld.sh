# shellcheck shell=dash
# firewalld's two configurations, and what m_put_back does with records of them.

# Each call of its programs takes a while: what they say of this is kept.
m_firewalld_runs() {
  m_has firewall-cmd || return 1
  [ -n "${m_firewalld_is-}" ] || { firewall-cmd -q --state 2>/dev/null && m_firewalld_is=on; } || m_firewalld_is=off
  [ "$m_firewalld_is" = on ]
}

# m_firewalld runtime|permanent ARGUMENT...: where it does not run, its permanent configuration can
# be changed all the same.
m_firewalld() {
  m_of=$1
  shift
  if [ "$m_of" = runtime ]; then
    firewall-cmd "$@"
  elif m_firewalld_runs; then
    firewall-cmd --permanent "$@"
  else
    firewall-offline-cmd "$@"
  fi
}

m_same_zone() { # FILE FILE
  [ "$(sed 's/^ *//' "$1" | sort)" = "$(sed 's/^ *//' "$2" | sort)" ]
}

# The zone is as firewalld brought it, unless somebody else has changed it as well.
m_back_zone() {
  m_file=/etc/firewalld/zones/$m_data.xml
  [ -e "$m_file" ] && m_has firewall-cmd || return 0
  if m_same_zone "$m_file" "/usr/lib/firewalld/zones/$m_data.xml" 2>/dev/null; then
    if m_change "remove $m_file"; then
      # One that runs has the zone in memory too.
      ! m_firewalld_runs || firewall-cmd --permanent --load-zone-defaults="$m_data" >/dev/null || return 1
      rm -f "$m_file" "$m_file.old"
    fi
  elif [ "$m_mode" = apply ]; then
    echo "leave $m_file: it holds what muster did not write"
  fi
}

m_back_firewall() {
  m_has firewall-cmd || return 0
  m_of=${m_data##*:} m_zone=${m_data%:*} m_item=${m_path#firewall:}
  if [ "$m_of" = runtime ] && ! m_firewalld_runs; then return 0; fi
  m_said=$(m_firewalld "$m_of" --zone="$m_zone" "--query-${m_item%%:*}=${m_item#*:}" 2>&1) || case $? in
    1 | 112) return 0 ;; # it has not, or there is no such zone
    *)
      echo "$m_said"
      return 1
      ;;
  esac
  if m_change "remove ${m_item%%:*} ${m_item#*:} from firewalld's zone $m_zone (${m_data##*:})"; then
    m_firewalld "${m_data##*:}" --zone="$m_zone" "--remove-${m_item%%:*}=${m_item#*:}" >/dev/null
  fi
}
