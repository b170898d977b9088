# A lottery with keys. To be sourced by docker-test.sh.

readonly WRONG_KEY=0123456789abcdef0123456789abcdef

starts_with_keys() {
  rm -f .data/*.csv .data/*.zip && scripts/generate-data.sh .data 3 50 &&
    ./generar-compose.sh --claves docker-compose-dev.yaml 3 && compose up -d
}

# The containers' user, which does not own the files, must be able to read them.
secrets_are_mounted() {
  local id
  for id in 1 2 3; do
    equal "$(<".claves/agency-$id")" \
      "$(compose run --rm --no-deps -T --entrypoint cat "client$id" /run/secrets/agency_key)" ||
      return
  done
  equal "$(<.claves/agencies)" "$(docker exec server cat /run/secrets/agency_keys)"
}

# Without the others, so that the lottery cannot be over.
wrong_key_is_refused() {
  local status
  forget && cp .claves/agency-2 right-key && printf '%s' "$WRONG_KEY" >.claves/agency-2 &&
    compose up -d client2 && status=$(timeout 60 docker wait client2) && equal 77 "$status"
}

# The log has the agency, and neither the wrong key nor the right one.
log_has_no_key() {
  local key
  logged server 'agency 2' || logged server 'agency: 2' || logged server 'agencia: 2' || return
  for key in "$WRONG_KEY" "$(<right-key)"; do
    if logged server "$key" || logged client2 "$key"; then return 1; fi
  done
}

right_key_is_taken() {
  cat right-key >.claves/agency-2 && compose up -d &&
    ends_well client1 client2 client3 && same_winners 3
}

test_keys_in_docker() {
  check "keys: a lottery starts with them" starts_with_keys
  check "keys: every agency ends well" ends_well client1 client2 client3
  check "keys: every agency has its winners" same_winners 3
  check "keys: each container can read its own" secrets_are_mounted
  check "keys: an agency with a wrong one ends with 77" wrong_key_is_refused
  check "keys: the log tells the agency and no key" log_has_no_key
  check "keys: with the right one the lottery ends well" right_key_is_taken
  check "keys: everything ends" forget
  rm -rf .claves right-key
  ./generar-compose.sh docker-compose-dev.yaml 5
}
