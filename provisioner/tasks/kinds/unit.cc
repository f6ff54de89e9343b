#include "provisioner/tasks/kind.h"

namespace muster {

namespace {

constexpr std::string_view kShell = R"sh(
# One call to systemd tells all: sets m_load, m_active, m_file_state and m_reload.
m_unit_show() {
  m_load='' m_active='' m_file_state='' m_reload=''
  m_shown=$(systemctl show -p LoadState,ActiveState,UnitFileState,NeedDaemonReload "$1")
  while IFS='=' read -r m_key m_value; do
    case $m_key in
      LoadState) m_load=$m_value ;;
      ActiveState) m_active=$m_value ;;
      UnitFileState) m_file_state=$m_value ;;
      NeedDaemonReload) m_reload=$m_value ;;
    esac
  done <<EOF
$m_shown
EOF
}

# Called before a change. systemd may not have seen the unit's file, or an older one.
m_unit_reload() {
  if [ "$m_reload" = yes ] || [ "$m_load" != loaded ]; then
    m_do systemctl daemon-reload
    m_reload=no m_load=loaded
  fi
}

# m_unit_do VERB NAME WAIT
m_unit_do() {
  # A unit that failed often in a row does not start until this.
  if [ "$m_active" = failed ] && [ "$1" != stop ]; then systemctl reset-failed "$2" || :; fi
  m_block=
  [ "$3" = true ] || m_block=--no-block
  m_do systemctl $m_block "$1" "$2" || {
    systemctl --no-pager --full -n 0 status "$2" || :
    journalctl --no-pager -q -n 20 -u "$2" || :
    exit 1
  }
}

# m_unit_enable NAME WANTED
m_unit_enable() {
  case $2/$m_file_state in
    true/disabled | true/ | true/indirect)
      if m_change "enable $1"; then
        m_unit_reload
        # What it changes matters at the next boot: systemd need not read all units again.
        m_do systemctl -q --no-reload enable "$1"
      fi
      ;;
    true/masked*) m_fail "$1 is masked: see why, then run 'systemctl unmask $1'" ;;
    false/enabled*)
      if m_change "disable $1"; then m_do systemctl -q --no-reload disable "$1"; fi
      ;;
  esac
}

m_unit_started() {
  case $m_active/$2 in
    active/* | reloading/* | activating/false)
      # Running, but from an older file: nothing to do until someone restarts it.
      return ;;
    activating/true)
      # Someone else's start is under way: only wait for it.
      [ "$m_mode" != apply ] || m_unit_do start "$1" true
      return
      ;;
  esac
  if m_change "start $1"; then
    m_unit_reload
    m_unit_do start "$1" "$2"
    printf '%s\n' "$m_index" >"$m_tmp/started.$1"
  fi
}

# m_unit_again VERB NAME WAIT IF-RUNNING
m_unit_again() {
  if [ -n "$4" ]; then
    case $m_active in
      active | reloading | activating) ;;
      *) return ;;
    esac
  fi
  # This script started it after the last change that asks for this.
  if [ -n "${m_asked:-}" ] && [ -e "$m_tmp/started.$2" ]; then
    read -r m_started_by <"$m_tmp/started.$2"
    if [ "$m_started_by" -gt "$m_asked" ]; then return; fi
  fi
  if m_change "${1%-or-*} $2"; then
    m_unit_reload
    m_unit_do "$1" "$2" "$3"
  fi
}

# m_unit NAME ENABLED STATE WAIT IF-RUNNING
m_unit() {
  command -v systemctl >/dev/null 2>&1 || m_fail "this node has no systemd"
  m_unit_show "$1"
  # It may have come since systemd last looked.
  if [ "$m_load" = not-found ] && [ "$m_mode" = apply ] && [ "$2/$3" != false/stopped ]; then
    systemctl daemon-reload
    m_unit_show "$1"
  fi
  m_unit_enable "$1" "$2"
  case $3 in
    started) m_unit_started "$1" "$4" ;;
    restarted) m_unit_again restart "$1" "$4" "$5" ;;
    reloaded) m_unit_again reload-or-restart "$1" "$4" "$5" ;;
    stopped)
      case $m_active in
        inactive | failed | '') ;;
        *) if m_change "stop $1"; then m_unit_do stop "$1" "$4"; fi ;;
      esac
      ;;
  esac
}
)sh";

std::vector<std::string> call(TaskScript& task) {
  return {"m_unit",           task.text("name"), task.text("enabled"),
          task.text("state"), task.text("wait"), task.args.flag("if_running") ? "if-running" : ""};
}

std::string check(const Args& args) {
  const auto& name = args.text("name");
  if (name.find('.') == std::string::npos || name.find_first_of("/ \n*?[") != std::string::npos ||
      name[0] == '-') {
    return "takes a unit's whole name, like 'etcd.service', not '" + name + "'";
  }
  const auto& state = args.text("state");
  if (args.flag("if_running") && state != "restarted" && state != "reloaded") {
    return "takes 'if_running' only with state restarted or reloaded";
  }
  return args.has("enabled") || args.has("state") ? "" : "needs 'enabled' or 'state'";
}

}  // namespace

Kind unit_kind() {
  return {
      .name = "unit",
      .args =
          {{"name", ArgType::text, true},
           {"enabled", ArgType::boolean},
           {"state", ArgType::choice, false, "", {"started", "stopped", "restarted", "reloaded"}},
           {"wait", ArgType::boolean, false, "true"},
           {"if_running", ArgType::boolean, false, "false"}},
      .library = {kShell},
      .call = call,
      .check = check};
}

}  // namespace muster
