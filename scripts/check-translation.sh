#!/usr/bin/env bash
# Checks that README.es.md has the commands, headings and figures of README.md, and that
# docs/glosario.md explains the actions and exit statuses of the sources. Prints the differences,
# with `-` before what only README.md or the sources have.
set -euo pipefail
self=$(readlink -f "$0" 2>/dev/null || echo "$0")
# shellcheck source=scripts/lib/script.sh
. "$(dirname "$self")/lib/script.sh"
cd "$top"
takes_none "$@"
export LC_ALL=C

failed=0
# same WHAT FILE FILE
same() { diff -U 1 --label "$1" --label "$1, in Spanish" "$2" "$3" >&2 || failed=1; }

# The commands of document $1 without their comments, the levels of its headings, and the figures in
# its tables without separators, in the order of the document.
outline() {
  awk '
    /^```/ { code = code ? "" : $0; next }
    code ~ /sh$/ { sub(/(^| +)#.*/, ""); if (/[^ ]/) print "command", $0 }
    code { next }
    /^#+ / { print "heading", ++heading, $1 }
    /^\|/ {
      for (; match($0, /[0-9][0-9.,]*/); $0 = substr($0, RSTART + RLENGTH)) {
        figure = substr($0, RSTART, RLENGTH)
        gsub(/[.,]/, "", figure)
        print "figure under heading", heading ":", figure
      }
    }
  ' "$1"
}

# The actions that module $1 logs; what the glossary's rows under heading $1 begin with, by pattern.
logged() { grep -rhozP 'LogLine\(\s*"\K\w+' "Sources/$1" | tr '\0' '\n' | sort -u; }
explained() {
  sed -nE "/^## $1$/,/^## /s/^\| $2 \|.*/\1/p" docs/glosario.md | sort
}
statuses() {
  grep -rlZ 'enum ExitStatus' Sources | xargs -0 sed -nE 's/^ *case \w+ = ([0-9]+)$/\1/p' | sort
}
actions() { same "actions of $1" <(logged "$1") <(explained "$2" '\x60(\w+)\x60'); }

same "commands, headings and figures" <(outline README.md) <(outline README.es.md)
actions ProcessSupport "Los dos programas"
actions LotteryServer "El servidor"
actions AgencyClient "La agencia"
same "exit statuses" <(statuses) <(explained "Códigos de salida" '([0-9]+)')
exit "$failed"
