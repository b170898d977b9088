# check-translation.sh, in a copy of the work tree. To be sourced by test-scripts.sh.

# finds FILE EDIT: the check passes in the copy, but not once sed's EDIT has changed FILE there.
finds() {
  local copy=$work/translation file=$1 edit=$2
  rm -rf "$copy" && copy_tree "$copy" && "$copy/scripts/check-translation.sh" &&
    sed -i -E "$edit" "$copy/$file" && ! diff -q "$file" "$copy/$file" &&
    ! "$copy/scripts/check-translation.sh"
}

# allows FILE EDIT: the check passes, also once sed's EDIT has changed FILE in the copy.
allows() {
  local copy=$work/translation file=$1 edit=$2
  rm -rf "$copy" && copy_tree "$copy" && sed -i -E "$edit" "$copy/$file" &&
    ! diff -q "$file" "$copy/$file" && "$copy/scripts/check-translation.sh"
}

test_translation() {
  needs git
  check "a heading missing in Spanish is found" finds README.es.md '/^## Desarrollo/d'
  check "a heading of another level is found" finds README.es.md 's/^## Errores/### Errores/'
  check "a command missing in Spanish is found" finds README.es.md '/^make test/d'
  check "a new command in English alone is found" finds README.md 's/^make run .*/&\nmake crowd/'
  check "a row missing in Spanish is found" finds README.es.md '/^\| 3 \|/d'
  # Not a certain figure: they change with every run that is published.
  check "a changed figure is found" finds README.md 's/^\| 1,000 agencies.* \| /&7/'
  check "a figure with the separators of the other language is allowed" \
    allows README.es.md 's/^\| 10\.000 /| 10,000 /'
  check "a comment in a command is translated freely" allows README.es.md 's/# corre .*/# tests/'
  check "an action missing in the glossary is found" finds docs/glosario.md '/^\| .sorteo/d'
  check "an action that no source logs is found" finds docs/glosario.md 's/^(\| .draw)/\1n/'
  check "a new action in the sources is found" \
    finds Sources/LotteryServer/Draw.swift 's/LogLine\("sorteo", \.s/LogLine("draw_held", .s/'
  check "an exit status missing in the glossary is found" finds docs/glosario.md '/^\| 77/d'
  needs
}
