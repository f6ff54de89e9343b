#!/usr/bin/env bash
# Holds sources against clang-format, scripts against shellcheck, and what nodes run against shfmt as
# well, where these are installed (scripts/install-dependencies --test).
# Prints "ok NAME", "FAIL NAME: why" or "skip NAME: why".
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

failed=0
# Debian 12's: others lay out some lines differently.
format=$(command -v clang-format-14 || command -v clang-format || true)
if [ -z "$format" ] || [[ $("$format" --version) != *"version 14."* ]]; then
  echo "skip lint: clang-format: version 14 is not installed"
elif wrong=$(find provisioner inventory providers tests -regex '.*\.\(h\|cc\)' -print0 |
  xargs -0 "$format" --dry-run -Werror 2>&1); then
  echo "ok lint: clang-format"
else
  failed=1
  printf '%s\n' "$wrong"
  echo "FAIL lint: clang-format: run clang-format -i on these files"
fi

# What nodes run: our own shell texts, and those of templates and roles without the tags of mustache.
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 tests/lint/texts.py "$folder"
mapfile -t texts < <(find provisioner -name '*.sh' | sort; find "$folder" -type f | sort)

# checked TOOL COMMAND...
checked() {
  local tool=$1 wrong
  shift
  if ! command -v "$tool" >/dev/null; then
    echo "skip lint: $tool: not installed"
  elif wrong=$("$@" 2>&1); then
    echo "ok lint: $tool"
  else
    failed=1
    printf '%s\n' "$wrong"
    echo "FAIL lint: $tool: see above"
  fi
}

check_shells() {
  local scripts code=0
  mapfile -t scripts < <(grep -rlE --exclude-dir=rendered '^#!/(usr/)?bin/(env )?(ba)?sh' quickstart \
    test .ci scripts artifacts findings providers provisioner tests)
  shellcheck --severity=warning "${scripts[@]}" || code=1
  # Files of one script use each other's variables.
  shellcheck --severity=warning --exclude=SC2034,SC2154 "${texts[@]}" || code=1
  # All that a role's script is made of: each variable is set somewhere.
  {
    # The compiler sets these.
    echo "m_nonce='' m_id='' m_mode='' m_run_dir='' m_state='' m_lock_seconds='' m_programs='' m_store=''"
    echo "m_wants='' m_ids='' m_longer=''"
    for text in provisioner/tasks/shell/*.sh provisioner/tasks/kinds/*.sh; do
      case ${text##*/} in
        facts.sh | stop.sh | store_*) ;;
        *) cat "$text" ;;
      esac
    done
  } | shellcheck --shell=dash --include=SC2154 - || code=1
  return "$code"
}

checked shellcheck check_shells
checked shfmt shfmt -ln posix -i 2 -ci -d "${texts[@]}"
exit "$failed"
