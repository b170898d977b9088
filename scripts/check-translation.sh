#!/usr/bin/env bash
# Checks that README.es.md is in step with README.md, and docs/glosario.md with the sources. Shows
# the differences, `-` before what README.md or the sources have alone.
set -euo pipefail
cd "$(dirname "$0")/.."
export LC_ALL=C

failed=0
# same WHAT FILE FILE
same() { diff -U 1 --label "$1" --label "$1, in Spanish" "$2" "$3" >&2 || failed=1; }

# The levels of document $1's headings and its commands, in order. A comment may be translated.
outline() {
  awk '
    /^```/ { code = code ? "" : $0; next }
    code ~ /sh$/ { sub(/(^| +)#.*/, ""); if (/[^ ]/) print "command", $0 }
    !code && /^#+ / { print "heading", ++heading, $1 }
  ' "$1"
}

# The settings and the figures in document $1, in any order. Thousands may be set apart.
facts() {
  awk '/^```/ { code = !code } !code' "$1" |
    grep -oE '[A-Z]+(_[A-Z]+)+|[0-9][0-9.,]*' | tr -d '.,' | sort -u
}

# The actions that module $1 logs; what the glossary's rows under heading $1 begin with, by pattern.
logged() { grep -rhozP 'LogLine\(\s*"\K\w+' "Sources/$1" | tr '\0' '\n' | sort -u; }
explained() {
  sed -nE "/^## $1$/,/^## /s/^\| $2 \|.*/\1/p" docs/glosario.md | sort
}
statuses() {
  find Sources -name '*.swift' -exec sed -nE \
    '/enum ExitStatus/,/^}/s/^ *case \w+ = ([0-9]+)$/\1/p' {} + | sort
}
actions() { same "actions of $1" <(logged "$1") <(explained "$2" '\x60(\w+)\x60'); }

same "headings and commands" <(outline README.md) <(outline README.es.md)
same "settings and figures" <(facts README.md) <(facts README.es.md)
actions ProcessSupport "Los dos programas"
actions LotteryServer "El servidor"
actions AgencyClient "La agencia"
same "exit statuses" <(statuses) <(explained "Códigos de salida" '([0-9]+)')
exit "$failed"
