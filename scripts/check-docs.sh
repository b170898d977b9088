#!/usr/bin/env bash
# Checks that the references of the documents exist: the target of every relative link, the heading
# of every #anchor, and every section that a source cites in brackets: the document in backquotes,
# a comma, the section.
set -euo pipefail
self=$(readlink -f "$0" 2>/dev/null || echo "$0")
# shellcheck source=scripts/lib/script.sh
. "$(dirname "$self")/lib/script.sh"
cd "$top"
takes_none "$@"
export LC_ALL=C.UTF-8

failed=0

complain() {
  echo "$1" >&2
  failed=1
}

# The lines of document $1 that are not code.
prose() { awk '/^ *```/ { code = !code; next } !code' "$1"; }

headings() { prose "$1" | sed -nE 's/^#+ +//p'; }

# The anchors that GitHub makes of the headings of document $1.
anchors() { headings "$1" | sed -E 's/.*/\L&/; s/[^[:alnum:] _-]//g; s/ /-/g'; }

# The relative links of document $1.
links() { prose "$1" | sed 's/\x60[^\x60]*\x60//g' | grep -oP '\]\(\K(?![a-z]+:)[^)\s]+' || true; }

# The citations in source $1, one a line, each `DOCUMENT, SECTIONS`.
citations() {
  sed -E 's,^ *(///?|#) ?,,' "$1" | tr '\n' ' ' | tr -s ' ' |
    grep -oP '(PROTOCOL|ARCHITECTURE)\.md\x60, [^)]*(?=\))' | tr -d '\140' || true
}

check_link() {
  local document=$1 path=${2%%#*} anchor=${2#"${2%%#*}"}
  path=${path:+$(dirname "$document")/$path}
  path=${path:-$document}
  if [[ ! -e $path ]]; then
    complain "$document: there is no $2"
  elif [[ -n $anchor ]] && ! grep -qxF -- "${anchor#\#}" <(anchors "$path"); then
    complain "$document: no heading for $2"
  fi
}

# Removes the document's headings from the cited sections, the longest first because a heading may
# contain a comma. Only commas may remain.
check_citation() {
  local document=${2%%, *} rest=${2#*, } heading
  while read -r _ heading; do rest=${rest//"$heading"/}; done < <(
    headings "$document" | awk '{ print length($0), $0 }' | sort -rn)
  [[ $rest =~ ^[,\ ]*$ ]] || complain "$1: no heading for $2"
}

for document in *.md .data/*.md bench/*.md docs/*.md; do
  while read -r link; do check_link "$document" "$link"; done < <(links "$document")
done
while read -r source; do
  while read -r cited; do check_citation "$source" "$cited"; done < <(citations "$source")
done < <(grep -rlE '(PROTOCOL|ARCHITECTURE)\.md' Sources Tests scripts \
  bench/Sources)
exit "$failed"
