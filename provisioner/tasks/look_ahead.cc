#include "provisioner/tasks/look_ahead.h"

#include "provisioner/base/text.h"

namespace muster {

namespace {

/// The shell copies the list for each of them.
constexpr int kMostPaths = 200;

}  // namespace

const std::string_view kShellAhead = R"sh(
# m_look_attributes PATH..., of the tasks $m_ids
m_look_attributes() {
  m_lines=
  [ "$#" -eq 0 ] || m_lines=$(stat -L -c '%a %U %G %u %g %s' "$@" 2>/dev/null 9>&-) || return 0
  for m_id in $m_ids; do
    IFS= read -r m_line || m_line=
    eval "m_at_$m_id=\$m_line"
  done <<EOF
$m_lines
EOF
}

# m_look_contents PATH..., of the tasks $m_ids, which want $m_sums
m_look_contents() {
  m_lines=
  [ "$#" -eq 0 ] || m_lines=$(sha256sum "$@" 2>/dev/null 9>&-) || return 0
  set -- $m_sums
  for m_id in $m_ids; do
    IFS= read -r m_line || m_line=
    [ "${m_line%% *}" != "$1" ] || eval "m_same_$m_id=1"
    shift
  done <<EOF
$m_lines
EOF
}

# m_is_size TASK BYTES
m_is_size() { eval "[ \"\${m_at_$1##* }\" = \"$2\" ]"; }

# m_is_at TASK MODE OWNER GROUP
m_is_at() {
  eval "set -- \"\$2\" \"\$3\" \"\$4\" \$m_at_$1"
  [ "$#" -eq 9 ] && [ "$4" = "$1" ] && { [ "$5" = "$2" ] || [ "$7" = "$2" ]; } &&
    { [ "$6" = "$3" ] || [ "$8" = "$3" ]; }
}

m_look_again() {
  [ -n "$m_looked" ] || return 1
  if [ "$((m_now - m_looked))" -gt 2000 ]; then
    m_looked=$m_now
    m_look
  fi
}

# m_as_wanted TASK CALL...: whether the task has nothing to do, as far as no program need tell.
m_as_wanted() {
  case $2 in
    m_command) [ -n "$3" ] && [ -e "$3" ] ;;
    m_directory) m_look_again && eval "[ -n \"\${m_at_$1:-}\" ]" && m_is_at "$1" "$4" "$5" "$6" ;;
    m_file) m_look_again && eval "[ -n \"\${m_same_$1:-}\" ]" && m_is_at "$1" "$5" "$6" "$7" ;;
    m_line) [ -z "$5" ] && m_read_line "$3" "$4" && [ "$m_lines_read" = found ] ;;
    *) false ;;
  esac
}

# m_quick CALL...: does without a subshell what can be done so, and sets m_exit, to nothing when it
# cannot. What may end the shell, or runs text of others in it, is not done here.
m_quick() {
  case $1 in
    m_directory | m_file | m_command) "m_quick_${1#m_}" "$2" "$3" "$4" "$5" "${6:-}" "${7:-}" \
      "${8:-}" ;;
  esac
}

# m_read_line PATH LINE: sets m_lines_read to found or missing, of a short file that ends in a
# newline; else to nothing.
m_read_line() {
  m_lines_read=
  [ -f "$1" ] && [ -r "$1" ] || return 0
  m_count=0
  while IFS= read -r m_line; do
    if [ "$m_line" = "$2" ]; then
      m_lines_read=found
      return
    fi
    m_count=$((m_count + 1))
    [ "$m_count" -lt 30 ] || return 0
  done <"$1"
  [ -n "$m_line" ] || m_lines_read=missing
}
)sh";

void LookAhead::add(std::size_t number, const std::vector<std::string>& call, std::size_t bytes,
                    const std::string& sha256) {
  bool directory = call[0] == "m_directory";
  bool file = call[0] == "m_file" && !sha256.empty();
  if ((!directory && !file) || paths_ == kMostPaths) return;
  // Programs write such names in ways of their own.
  if (call[1].find_first_of("\n\r\\") != std::string::npos) return;
  ++paths_;
  auto path = shell_quote(call[1]);
  auto id = std::to_string(number);
  auto take = "m_ids=\"$m_ids " + id + "\"; set -- \"$@\" " + path + "; }\n";
  attributes_ += "  m_at_" + id + "= m_same_" + id + "=\n";
  attributes_ += directory ? "  [ ! -d " + path + " ] || { " + take
                           : "  [ ! -f " + path + " ] || [ -L " + path + " ] || { " + take;
  if (file) {
    contents_ += "  ! m_is_size " + id + " " + std::to_string(bytes) +
                 " || { m_sums=\"$m_sums $m_sum_" + id + "\"; " + take;
  }
}

void LookAhead::add_sum(std::size_t number, const std::string& sha256) {
  sums_ += "  m_sum_" + std::to_string(number) + "=" + sha256 + "\n";
}

std::string LookAhead::function() const {
  return "m_look() {\n  m_ids=\n  set --\n" + attributes_ +
         "  m_look_attributes \"$@\"\n  m_ids= m_sums=\n  set --\n" + contents_ +
         "  m_look_contents \"$@\"\n}\n";
}

}  // namespace muster
