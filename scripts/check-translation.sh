#!/usr/bin/env bash
# Checks that README.es.md is in step with README.md, and docs/glosario.md with the sources. Shows
# what is not, `-` before what README.md or the sources have alone.
set -euo pipefail
cd "$(dirname "$0")/.."
export LC_ALL=C

failed=0
# same WHAT FILE FILE
same() { diff -U 1 --label "$1" --label "$1, in Spanish" "$2" "$3" >&2 || failed=1; }

# What document $1 has, in its order: the level of each heading, the columns of each row, the lines
# of code. Only a shell's comments and the words in a diagram may be translated.
outline() {
  awk '
    /^```/ { code = code ? "" : $0; print; next }
    code ~ /sh$/ { sub(/(^| +)#.*/, "") }
    code ~ /mermaid$/ { $0 = $1 }
    code { if (/[^ ]/) print; next }
    /^#+ / { print "heading", ++heading, $1 }
    /^\|/ { print "row of", gsub(/\|/, "") - 1, "under heading", heading }
  ' "$1"
}

# What document $1 has under each heading, in any order: names in backquotes, links, numbers.
facts() {
  awk '
    function take(what, pattern, dropped,    found) {
      for (; match($0, pattern); sub(pattern, " ")) {
        found = substr($0, RSTART, RLENGTH)
        gsub(dropped, "", found)
        print "under heading", heading, what, found
      }
    }
    /^```/ { code = !code }
    !code && /^#+ / { heading++ }
    !code {
      take("name", "\140[^\140]*\140", "\140")
      take("link", "\\]\\([^)]*\\)", "#[^)]*|\\.es|[])(]")
      take("number", "[0-9][0-9.,]*", "[.,]")
    }
  ' "$1" | sort
}

# The actions that module $1 logs; what the glossary's rows under heading $1 begin with, by pattern.
logged() { grep -rhozP 'LogLine\(\s*"\K\w+' "Sources/$1" | tr '\0' '\n' | sort -u; }
explained() {
  sed -nE "/^## $1$/,/^## /s/^\| $2 \|.*/\1/p" docs/glosario.md | sort
}
statuses() { sed -nE 's/^ *case \w+ = ([0-9]+)$/\1/p' Sources/*/Program/ExitStatus.swift | sort; }
actions() { same "actions of $1" <(logged "$1") <(explained "$2" '\x60(\w+)\x60'); }

same "headings, rows and code" <(outline README.md) <(outline README.es.md)
same "names, links and numbers" <(facts README.md) <(facts README.es.md)
actions ProcessSupport "Los dos programas"
actions LotteryServer "El servidor"
actions AgencyClient "La agencia"
same "exit statuses" <(statuses) <(explained "Códigos de salida" '([0-9]+)')
exit "$failed"
