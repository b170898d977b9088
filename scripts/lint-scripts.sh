#!/usr/bin/env bash
# Checks the syntax of every script with the shell that runs it, and its style where shellcheck is
# installed.
set -euo pipefail
cd "$(dirname "$0")/.."

scripts=(generar-compose.sh validar-echo-server.sh .ci/run scripts/*.sh)
failed=0
for script in "${scripts[@]}"; do
  case $(head -n 1 "$script") in
    '#!/usr/bin/env bash') bash -n "$script" || failed=1 ;;
    '#!/bin/sh') sh -n "$script" && bash -n "$script" || failed=1 ;;
    *)
      echo "$script: the first line names neither bash nor sh" >&2
      failed=1
      ;;
  esac
  [[ -x $script ]] || {
    echo "$script: not executable" >&2
    failed=1
  }
done
if command -v shellcheck >/dev/null; then
  shellcheck "${scripts[@]}" || failed=1
fi
exit "$failed"
