# check-translation.sh, in a copy of the work tree. To be sourced by test-scripts.sh.

# finds FILE EDIT: the check passes in the copy, but not once sed's EDIT has changed FILE there.
finds() {
  local copy=$work/translation file=$1 edit=$2
  rm -rf "$copy" && copy_tree "$copy" && "$copy/scripts/check-translation.sh" &&
    sed -i -E "$edit" "$copy/$file" && ! diff -q "$file" "$copy/$file" &&
    ! "$copy/scripts/check-translation.sh"
}

test_translation() {
  needs git
  check "a heading missing in Spanish is found" finds README.es.md '/^## Claves/d'
  check "a heading of another level is found" finds README.es.md 's/^### Mirar/## Mirar/'
  check "a command missing in Spanish is found" finds README.es.md '/^make stack-test/d'
  check "a new command in English alone is found" finds README.md 's/^make run .*/&\nmake crowd/'
  check "a row missing in Spanish is found" finds README.es.md '/^\| .SERVER_PORT/d'
  check "a changed default is found" finds README.md '/SERVER_PORT/s/12345/12346/'
  check "a renamed variable is found" finds README.md 's/CLI_MODE/CLI_WORK/'
  check "an action missing in the glossary is found" finds docs/glosario.md '/^\| .sorteo/d'
  check "an action that nobody logs is found" finds docs/glosario.md 's/^(\| .draw)/\1n/'
  check "a new action in the sources is found" \
    finds Sources/LotteryServer/Draw/Draw.swift 's/LogLine\("sorteo", \.s/LogLine("draw_held", .s/'
  check "an exit status missing in the glossary is found" finds docs/glosario.md '/^\| 77/d'
  needs
}
