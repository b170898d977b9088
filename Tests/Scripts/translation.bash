# check-translation.sh, in a copy of the work tree. To be sourced by test-scripts.sh.

# finds FILE EDIT: the check passes in the copy, and fails after sed's EDIT has changed FILE there.
finds() {
  local copy=$work/translation file=$1 edit=$2
  rm -rf "$copy" && copy_tree "$copy" && "$copy/scripts/check-translation.sh" &&
    sed -i -E "$edit" "$copy/$file" && ! diff -q "$file" "$copy/$file" &&
    ! "$copy/scripts/check-translation.sh"
}

# Each edit is of the first line that matches.
test_translation() {
  local draw
  draw=$(grep -rl 'LogLine("sorteo"' Sources/LotteryServer)
  needs git
  check "a heading missing in Spanish is found" finds README.es.md '0,/^## /{/^## /d}'
  check "a heading of another level is found" finds README.es.md '0,/^## /s/^## /### /'
  check "a command missing in Spanish is found" finds README.es.md '0,/^make /{/^make /d}'
  check "a new command in English alone is found" finds README.md '0,/^make /s//make crowd\n&/'
  check "a changed figure is found" finds README.md '0,/[0-9]{4,}/s//98765/'
  check "a renamed variable is found" finds README.md 's/[A-Z]+(_[A-Z]+)+/NO_SETTING/'
  check "an action missing in the glossary is found" finds docs/glosario.md '/^\| .sorteo/d'
  check "an action that is not logged is found" finds docs/glosario.md 's/^(\| .draw)/\1n/'
  check "a new action in the sources is found" \
    finds "$draw" 's/LogLine\("sorteo", \.s/LogLine("draw_held", .s/'
  check "an exit status missing in the glossary is found" finds docs/glosario.md '/^\| 77/d'
  needs
}
