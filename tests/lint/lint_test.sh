#!/usr/bin/env bash
# Holds sources against the formatter and scripts against shellcheck, where these are installed.
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

if ! command -v shellcheck >/dev/null; then
  echo "skip lint: shellcheck: not installed"
else
  mapfile -t scripts < <(grep -rlE '^#!/(usr/)?bin/(env )?(ba)?sh' quickstart test .ci scripts \
    artifacts providers provisioner tests)
  if wrong=$(shellcheck --severity=warning "${scripts[@]}"); then
    echo "ok lint: shellcheck"
  else
    failed=1
    printf '%s\n' "$wrong"
    echo "FAIL lint: shellcheck: see above"
  fi
fi
exit "$failed"
