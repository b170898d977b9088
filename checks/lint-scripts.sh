#!/usr/bin/env bash
# Checks the syntax of every script with the shell or the Python that runs it, and the style of
# shell scripts if shellcheck is installed.
set -euo pipefail
self=$(readlink -f "$0" 2>/dev/null || echo "$0")
# shellcheck source=scripts/lib/script.sh
. "$(dirname "$self")/../scripts/lib/script.sh"
cd "$top"
takes_none "$@"

programs=(generar-compose.sh validar-echo-server.sh .ci/run scripts/*.sh checks/*.sh)
failed=0

complain() {
  echo "$1" >&2
  failed=1
}

for script in "${programs[@]}" scripts/lib/*; do
  case $script:$(head -n 1 "$script") in
    # Also run, or sourced, by sh.
    validar-echo-server.sh:* | scripts/lib/*.sh:* | *:'#!/bin/sh') shells=(sh bash) ;;
    *.bash:* | *:'#!/usr/bin/env bash') shells=(bash) ;;
    *) complain "$script: the first line names neither bash nor sh" ;;
  esac
  for shell in "${shells[@]}"; do "$shell" -n "$script" || failed=1; done
  [[ -x $script || $script == scripts/lib/* ]] || complain "$script: not executable"
done
if command -v shellcheck >/dev/null; then
  shellcheck --external-sources --check-sourced "${programs[@]}" || failed=1
else
  echo "$0: shellcheck is not installed: the style of shell scripts is not checked" >&2
fi

modules=()
while read -r module; do modules+=("$module"); done < <(
  find scripts Tests checks bench -name '*.py' | sort)
# Keeps compiled files out of the sources.
cache=$(mktemp -d)
trap 'rm -rf "$cache"' EXIT
PYTHONPYCACHEPREFIX=$cache python3 -W error -m py_compile "${modules[@]}" || failed=1
if long=$(grep -nE '^.{101}' "${modules[@]}"); then complain "longer than 100 columns: $long"; fi
exit "$failed"
