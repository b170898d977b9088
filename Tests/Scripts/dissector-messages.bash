# The dissection of made-up connections. To be sourced by dissector-test.sh.

# What craft_captures.py writes, and `short`.
readonly MADE_UP=(whole split-header split-body bytes straddling together echo midway short length-0
  length-7997 unknown-type short-body long-body empty-batch batch-of-lies short-entry long-text)

make_captures() {
  PYTHONPATH=checks python3 -B Tests/Scripts/craft_captures.py PROTOCOL.md "$work" &&
    editcap -s 90 "$work/whole.pcap" "$work/short.pcap"
}

# The fields that the dissector declares.
declared_fields() {
  HOME=$work WIRESHARK_CONFIG_DIR=$work tshark -G fields -X lua_script:tools/lottery.lua |
    awk -F '\t' '$1 == "F" && $3 ~ /^lottery\./ { print $3 }' | sort
}

every_field_is_found() {
  local name
  diff <(declared_fields) <(
    for name in whole echo length-0 short; do dissect "$name" -T pdml; done |
      grep -oP '<field name="\Klottery\.[^"]*' | sort -u
  )
}

# Also in two passes, the first of which builds no tree, as Wireshark's own does not.
same_as_whole() {
  [[ -n $(tree_of whole) ]] && diff <(tree_of whole) <(tree_of "$1") &&
    diff <(tree_of whole) <(tree_of "$1" -2)
}

# selects NAME FILTER PACKETS: their numbers.
selects() {
  equal "$3" "$(packets "$1" "$2")"
}

# has_expert NAME KIND SEVERITY MESSAGE: in one packet, and no other.
has_expert() {
  equal "$4" "$(values "$1" _ws.expert.message -Y "lottery.$2 && _ws.expert.severity == $3")"
}

# The message before it is dissected too.
is_malformed() {
  has_expert "$1" malformed Error "$2" && selects "$1" 'lottery.type == 1 && lottery.agency == 3' 1
}

no_accident() {
  local name
  for name in "${MADE_UP[@]}"; do
    equal "$name: " "$name: $(packets "$name" "$ACCIDENTS")" || return
  done
}

test_fields() {
  check "messages: types" has_values whole lottery.type 0x01 0x02 0x03 0x03 0x04 0x05 0x10 \
    0x81 0x81 0x82 0x83 0x84 0x85 0x85 0x8f 0x90
  check "messages: lengths" has_values whole lottery.length \
    7 48 40 79 9 1 1 11 40 9 51 1 13 4 27 51
  check "messages: each has its connection's agency" has_values whole lottery.agency \
    3 3 3 3 3 3 3 3 3 3 3 3 3 3 3 3
  check "messages: offsets" has_values whole lottery.offset 0 1 0 2
  check "messages: counts" has_values whole lottery.count 1 2 1 0 1
  check "messages: stored" has_values whole lottery.stored 0 2 2
  check "messages: total" has_values whole lottery.total 2
  check "messages: documents" has_values whole lottery.bet.document \
    30904465 04712339 30904465 04712339 04712339
  check "messages: positions" has_values whole lottery.bet.position 0 1 0 1 1
  check "messages: birthdates" has_values whole lottery.bet.birthdate \
    1999-03-17 1998-04-18 1999-03-17 1998-04-18 1998-04-18
  check "messages: winners" has_values whole lottery.winner 30904465
  check "messages: an agency in the status" equal "3 2 1 0" \
    "$(for field in agency stored finished connected; do values whole "lottery.status.$field"; done |
      xargs)"
  check "messages: syncs" equal "3 12000000 6000000" \
    "$(for field in syncs sync_time longest_sync; do values whole "lottery.status.$field"; done |
      xargs)"
  check "messages: every field that is declared is found" every_field_is_found
  check "messages: a filter selects by document" selects whole \
    'lottery.bet.document == "04712339"' "3 4 9"
}

test_segments() {
  local name
  for name in whole split-header split-body bytes straddling together; do
    check "segments: $name gives the same messages" same_as_whole "$name"
  done
  check "segments: found again where the capture begins in the middle" has_values midway \
    lottery.type 0x04 0x05 0x10 0x81 0x81 0x82 0x83 0x84 0x85 0x85 0x8f 0x90
  check "segments: packets captured in part are no error" selects short lottery.truncated "2 4 11 16"
}

test_experts() {
  check "experts: REJECTED warns" has_expert whole rejected Warning \
    'Rejected, code 1 (a field breaks its rule): document "12a": must be 1 to 20 digits'
  check "experts: ERROR is an error" has_expert whole error Error \
    'Error, code 3 (no such agency): agency 9: must be 1 to 5'
  check "malformed: length 0" is_malformed length-0 'length 0: must be 1 to 7996'
  check "malformed: length 7997" is_malformed length-7997 'length 7997: must be 1 to 7996'
  check "malformed: unknown type" is_malformed unknown-type 'unknown type 0x42'
  check "malformed: short body" is_malformed short-body 'the body ends inside a field'
  check "malformed: long body" is_malformed long-body '1 bytes left over after the last field'
  check "malformed: empty batch" is_malformed empty-batch 'a batch has one bet at least'
  check "malformed: more bets than bytes" is_malformed batch-of-lies 'the body ends inside a field'
  check "malformed: an entry that ends early" is_malformed short-entry \
    'the body ends inside a field'
  check "malformed: a text past the end" is_malformed long-text 'the body ends inside a field'
  check "malformed: nothing else is" selects whole lottery.malformed ""
}

test_messages() {
  check "captures are made" make_captures
  test_fields
  test_segments
  test_experts
  check "echo: lines are text" has_values echo lottery.echo '¿hay ' 'alguien?\n' '¿hay alguien?\n'
  check "no accident on any of them" no_accident
}
