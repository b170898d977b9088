#!/bin/sh
# Writes agency-1.csv, agency-2.csv, ... with generated bets:
#
#   scripts/generate-data.sh DIR [AGENCIES [ROWS]]
#
# Without numbers, five agencies with the sizes of the course's data set. Agencies after the fifth
# get 1000 rows. The same arguments always give the same bytes, with any awk, and an agency's file
# depends only on its number and its size. A file that exists is kept. Exit status: 64 for wrong
# arguments, 73 if a file cannot be written.
set -eu

self=$(readlink -f "$0" 2>/dev/null || echo "$0")
# shellcheck source=scripts/lib/script.sh
. "$(dirname "$self")/lib/script.sh"
# shellcheck source=scripts/lib/put.sh
. "$top/scripts/lib/put.sh"

# Whether $1 is a whole number of at most $2 digits.
is_number() {
  case $1 in '' | *[!0-9]*) return 1 ;; esac
  [ ${#1} -le "$2" ]
}

if [ $# -lt 1 ] || [ $# -gt 3 ] || [ -z "$1" ]; then refuse "DIR and two numbers wanted"; fi
directory=$1
agencies=${2:-5}
rows=${3:-}
if ! is_number "$agencies" 5 || [ "$agencies" -lt 1 ]; then refuse "AGENCIES is 1 to 99999"; fi
[ -z "$rows" ] || is_number "$rows" 7 || refuse "ROWS is 0 to 9999999"

# Prints lines "AGENCY ROWS" for the missing files.
missing() {
  set -- 26936 25518 16014 9238 991
  id=0
  while [ "$id" -lt "$agencies" ]; do
    id=$((id + 1))
    [ -f "$directory/agency-$id.csv" ] || echo "$id ${rows:-${1:-1000}}"
    [ $# -eq 0 ] || shift
  done
}

# In the locale C, names are bytes that are only copied.
write_files() {
  awk -v directory="$partial" '
    # Lehmer generator: below 2^31 x 16807, exact in the doubles of any awk, which rand() is not.
    function random(below) {
      state = (state * 16807) % 2147483647
      return int(state / 2147483647 * below)
    }

    function first_name(    name) {
      name = first[random(firsts) + 1]
      if (random(3) == 0) name = name " " first[random(firsts) + 1]
      return name
    }

    # Steps through 30 million documents with a step that is coprime to that number, so no document
    # repeats in 1000 agencies of 30000 rows.
    function document(agency, row) {
      return 15000000 + (((agency - 1) * 30000 + row) * 7919113) % 30000000
    }

    # Each random number in a statement of its own: awks differ in the order of evaluation.
    function bet(agency, row, rows,    name, surname, year, month, date, number) {
      name = first_name()
      surname = last[random(lasts) + 1]
      year = 1930 + random(75)
      month = 1 + random(12)
      date = sprintf("%04d-%02d-%02d", year, month, 1 + random(28))
      number = random(10000)
      # At least one winner in every file.
      if (row == int(rows / 2) + 1) number = 7574
      return sprintf("%s,%s,%08d,%s,%d\r\n", name, surname, document(agency, row), date, number)
    }

    BEGIN {
      firsts = split("Agustín Sofía María José Tomás Lucía Martín Julián Valentín Joaquín Zoe" \
        " Abril Benjamín Ramón Nicolás Tiago Santiago Lionel Emanuel Camila Renata Ángel Íñigo" \
        " Begoña Óscar Ursula Matías Facundo Milagros Delfina Bautista Catalina" \
        " Félix Inés", first, " ")
      lasts = split("González Rodríguez Gómez Fernández López Martínez Díaz Pérez Sánchez Romero" \
        " Núñez Agüero Ibáñez Muñoz Peña Zambrano Lorca Rivera Castro Álvarez Suárez Ríos Acuña" \
        " Bustos Córdoba Güiraldes Ñáñez Ocampo Quiroga Vera Yáñez Échague", last, " ")
    }

    {
      agency = $1
      rows = $2
      file = directory "/agency-" agency ".csv"
      printf "" > file
      state = 7574 + agency * 65537
      for (row = 1; row <= rows; row++) printf "%s", bet(agency, row, rows) > file
      close(file)
      # Not every awk notices that a write fails.
      for (row = 0; (getline line < file) > 0;) row++
      close(file)
      if (row != rows) exit 1
    }
  '
}

make_partial "$directory"
missing | write_files || fail "cannot write $directory: see above, or no room is left" 73
put_files "$directory"
