#!/usr/bin/env bash
# Tests the Wireshark dissector tools/lottery.lua on generated captures and on the capture of a real
# lottery on this machine. Needs Swift, Python 3, tshark and the right to capture on the loopback
# interface, which root has.
set -euo pipefail
self=$(readlink -f "$0" 2>/dev/null || echo "$0")
# shellcheck source=scripts/lib/script.sh
. "$(dirname "$self")/lib/script.sh"
cd "$top"
takes_none "$@"
. scripts/lib/checks.bash
. scripts/lib/bets.sh
. scripts/lib/host.sh
. scripts/lib/dissection.bash
. Tests/Scripts/dissector-messages.bash
. Tests/Scripts/dissector-lottery.bash

for program in tshark dumpcap editcap python3; do
  command -v "$program" >/dev/null || {
    echo "$0: $program is missing; on Debian: apt-get install tshark python3" >&2
    exit 1
  }
done

build_programs
work=$(mktemp -d)
run=$work
finish() {
  stop_capture || true
  stop_all
  rm -rf "$work"
}
trap finish EXIT

test_messages
test_captured_lottery
tally
