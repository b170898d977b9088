# The options of generar-compose.sh. To be sourced by test-scripts.sh.

# generates_with ARGUMENT...: into an empty directory, with nothing on standard output or error.
generates_with() {
  rm -rf "$work/keys" && mkdir "$work/keys" &&
    (cd "$work/keys" && umask 077 && bash "$root/generar-compose.sh" "$@") >"$work/out" 2>&1 &&
    equal "" "$(<"$work/out")"
}

with_keys() {
  generates_with "$@" &&
    equal $'.claves\ncompose.yaml' "$(ls -A "$work/keys")"
}

# with_mounted_keys ARGUMENT...: what they write mounts the keys.
with_mounted_keys() {
  with_keys "$@" && python3 Tests/Scripts/check_compose.py "$work/keys/compose.yaml" 3 --claves
}

# The directory keeps other users out. The containers' user must be able to read the files.
modes_are_right() {
  equal 700 "$(stat -c %a "$work/keys/.claves")" &&
    equal $'agencies\nagency-1\nagency-2\nagency-3\nby-slot' "$(ls -A "$work/keys/.claves")" &&
    equal 644 "$(stat -c %a "$work"/keys/.claves/* | sort -u)"
}

agency_key() {
  cat "$work/keys/.claves/agency-$1"
}

# Both sides have the same ones.
keys_agree() {
  local id
  equal "$(for id in 1 2 3; do echo "$id:$(agency_key "$id")"; done)" \
    "$(<"$work/keys/.claves/agencies")"
}

keys_are_random() {
  local id
  equal 3 "$(for id in 1 2 3; do agency_key "$id" && echo; done | grep -xE '[0-9a-f]{32}' |
    sort -u | wc -l | tr -d ' ')" && cp -r "$work/keys/.claves" "$work/older" &&
    with_keys --claves compose.yaml 3 &&
    ! cmp "$work/older/agencies" "$work/keys/.claves/agencies"
}

# A second time, for more agencies: one key is new, a note says that the others are not.
keeps_keys() {
  cp "$work/keys/.claves/agencies" "$work/before" &&
    bash generar-compose.sh --claves "$work/keys/compose.yaml" 4 2>"$work/err" &&
    grep -q '3 of 4 keys were in .* and are kept' "$work/err" &&
    equal 1 "$(wc -l <"$work/err" | tr -d ' ')" &&
    cmp "$work/before" <(head -n 3 "$work/keys/.claves/agencies") &&
    equal "4:$(agency_key 4)" "$(tail -n 1 "$work/keys/.claves/agencies")"
}

# The lines of the template for each slot, in Go's template syntax.
template_has_the_keys() {
  local id
  generates_with --stack compose.yaml 3 --claves || return
  for id in 1 2 3; do
    grep -qxF "{{- if eq .Task.Slot \"$id\" }}$(agency_key "$id"){{ end -}}" \
      "$work/keys/.claves/by-slot" || return
  done
  equal 3 "$(wc -l <"$work/keys/.claves/by-slot" | tr -d ' ')"
}

no_directory_for_keys() {
  cannot_write "$work/no/such/file.yaml" --claves && [[ ! -e $work/no ]]
}

git_ignores_keys() {
  git check-ignore .claves/agencies
}

stack_is_right() { # AGENCIES [--claves]
  generates_with --stack compose.yaml "$@" &&
    python3 Tests/Scripts/check_compose.py "$work/keys/compose.yaml" "$@" --stack
}

test_keys() {
  needs PyYAML
  check "keys: --claves first gives a right file" with_mounted_keys --claves compose.yaml 3
  check "keys: --claves last gives a right file" with_mounted_keys compose.yaml 3 --claves
  needs
  check "keys: --claves may come first" with_keys --claves compose.yaml 3
  check "keys: --claves may come last" with_keys compose.yaml 3 --claves
  check "keys: their directory is closed, their files are readable" modes_are_right
  check "keys: server and agencies have the same ones" keys_agree
  check "keys: they are random" keys_are_random
  check "keys: those that are there are kept" keeps_keys
  check "keys: a missing directory is a clear error" no_directory_for_keys
  needs git
  check "keys: git ignores them" git_ignores_keys
  needs PyYAML
  local agencies
  for agencies in 0 5 185 6000; do
    check "stack: N = $agencies gives a right file" stack_is_right "$agencies"
  done
  check "stack: --claves gives it secrets" stack_is_right 3 --claves
  needs
  check "stack: each slot has its key in the template" template_has_the_keys
}
