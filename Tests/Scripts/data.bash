# generate-data.sh and data.sh. To be sourced by test-scripts.sh.

# The awks that are installed, each a command line.
awks() {
  local awk
  for awk in mawk gawk original-awk "busybox awk"; do
    if command -v "${awk%% *}" >/dev/null; then echo "$awk"; fi
  done
}

# The same five files come out of every awk as out of the one that is the default.
same_with_every_awk() {
  local awk
  rm -rf "$work/default" && scripts/generate-data.sh "$work/default" || return
  mkdir -p "$work/bin"
  while read -r awk; do
    printf '#!/bin/sh\nexec %s "$@"\n' "$awk" >"$work/bin/awk" && chmod +x "$work/bin/awk" &&
      rm -rf "$work/other" &&
      PATH=$work/bin:$PATH scripts/generate-data.sh "$work/other" &&
      diff -r "$work/default" "$work/other" || return
  done < <(awks)
}

has_the_sizes_of_the_course() {
  equal "26936 25518 16014 9238 991" "$(
    for id in 1 2 3 4 5; do bets_in "$work/default/agency-$id.csv"; done | xargs
  )"
}

every_row_is_a_bet() {
  local name='[^,"|]+' document='[0-9]{8}' number='[0-9]{1,4}' row
  row="^$name,$name,$document,(19|20)[0-9]{2}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]),$number\r\$"
  iconv -f UTF-8 -t UTF-8 "$work"/default/*.csv >/dev/null &&
    equal 0 "$(cat "$work"/default/*.csv | grep -cvP "$row")" &&
    grep -q 'ñ' "$work/default/agency-5.csv" && grep -q 'í' "$work/default/agency-5.csv"
}

documents_are_unique() {
  equal "" "$(cat "$work"/default/*.csv | cut -d , -f 3 | sort | uniq -d)"
}

every_file_has_winners() {
  local agency winners
  while read -r agency winners; do
    ((winners > 0)) || { echo "agency $agency has none" && return 1; }
  done < <(expected_winners "$work/default" 5)
}

takes_other_sizes() {
  rm -rf "$work/other" && scripts/generate-data.sh "$work/other" 7 12 &&
    equal 84 "$(bets_in "$work"/other/agency-[1-7].csv)" &&
    equal 7 "$(find "$work/other" -mindepth 1 | wc -l | tr -d ' ')"
}

data_refuses() {
  local status=0
  scripts/generate-data.sh "$@" >"$work/out" 2>"$work/err" || status=$?
  equal 64 "$status" && grep -q '^usage: ' "$work/err"
}

# A copy of the scripts with an empty .data.
fresh_copy() {
  rm -rf "$work/copy" && mkdir -p "$work/copy/.data" && cp -r scripts "$work/copy/"
}

unpacks_a_zip() {
  fresh_copy && python3 - "$work/copy/.data/$1" "$2" <<'PYTHON' &&
import sys, zipfile
with zipfile.ZipFile(sys.argv[1], "w") as archive:
    for agency in 1, 2:
        name = f"{sys.argv[2]}agency-{agency}.csv"
        archive.writestr(name, f"A,B,1234567{agency},2000-01-01,7\r\n")
PYTHON
    "$work/copy/scripts/data.sh" &&
    equal "$(printf 'agency-1.csv\nagency-2.csv\n%s' "$1")" "$(ls "$work/copy/.data")" &&
    grep -q 12345672 "$work/copy/.data/agency-2.csv"
}

refuses_a_broken_zip() {
  fresh_copy && echo "no zip" >"$work/copy/.data/dataset.zip" || return
  if "$work/copy/scripts/data.sh"; then return 1; fi
  equal dataset.zip "$(ls -A "$work/copy/.data")"
}

# Runs data.sh with nothing installed but sh, awk and what every system has.
bare_data() {
  local program
  rm -rf "$work/few" && mkdir "$work/few" || return
  for program in sh awk dirname mkdir mktemp find mv chmod rm; do
    ln -s "$(command -v "$program")" "$work/few/$program" || return
  done
  PATH=$work/few "$work/copy/scripts/data.sh"
}

needs_sh_and_awk_alone() {
  fresh_copy && bare_data && cmp "$work/copy/.data/agency-5.csv" "$work/default/agency-5.csv"
}

says_what_a_zip_needs() {
  local status=0
  fresh_copy && echo "any zip" >"$work/copy/.data/dataset.zip" || return
  bare_data >"$work/out" 2>"$work/err" || status=$?
  equal 69 "$status" && grep -q 'needs unzip, python3 or docker' "$work/err" &&
    equal 1 "$(wc -l <"$work/err" | tr -d ' ')" &&
    equal dataset.zip "$(ls -A "$work/copy/.data")"
}

keeps_the_files_that_are_there() {
  fresh_copy && echo mine >"$work/copy/.data/agency-2.csv" &&
    "$work/copy/scripts/data.sh" --missing 3 &&
    equal mine "$(<"$work/copy/.data/agency-2.csv")" &&
    equal "agency-1.csv agency-2.csv agency-3.csv" "$(cd "$work/copy/.data" && echo *)" &&
    cmp "$work/copy/.data/agency-1.csv" "$work/default/agency-1.csv"
}

test_data() {
  check "data: the same bytes with every awk" same_with_every_awk
  check "data: as many rows as the course's" has_the_sizes_of_the_course
  check "data: every row is a bet" every_row_is_a_bet
  check "data: no document comes twice" documents_are_unique
  check "data: every file has winners" every_file_has_winners
  check "data: other sizes by arguments" takes_other_sizes
  check "data: no argument is refused" data_refuses
  check "data: no agency is refused" data_refuses "$work/none" 0
  check "data: rows that are no number are refused" data_refuses "$work/none" 5 many
  needs python3
  check "data: dataset.zip is unpacked" unpacks_a_zip dataset.zip ""
  check "data: datasets.zip with a folder is unpacked" unpacks_a_zip datasets.zip dataset/
  needs
  check "data: a broken zip is an error" refuses_a_broken_zip
  check "data: sh and awk are enough without a zip" needs_sh_and_awk_alone
  check "data: a zip that nothing can unpack is a clear error" says_what_a_zip_needs
  check "data: files that are there are kept" keeps_the_files_that_are_there
}
