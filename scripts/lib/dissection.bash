# Captures, and their dissection by tshark with tools/lottery.lua. To be sourced; the captures are
# $work/NAME.pcap.

# What a dissector must never cause, with any bytes.
readonly ACCIDENTS='_ws.lua.error || _ws.malformed.expert || _ws.malformed.dissector_bug'

capture_pid=

# dissect NAME ARGUMENT...: without the user's own preferences and plugins.
dissect() {
  HOME=$work WIRESHARK_CONFIG_DIR=$work tshark -n -X lua_script:tools/lottery.lua \
    -r "$work/$1.pcap" "${@:2}"
}

# tree_of NAME ARGUMENT...: all messages in full, regardless of packet boundaries.
tree_of() {
  dissect "$@" -V -O lottery | grep -E '^(National lottery|    )'
}

# values NAME FIELD ARGUMENT...: each value of the field on a line.
values() {
  dissect "$1" -T fields -E aggregator='|' -e "$2" "${@:3}" | tr '|' '\n' | grep .
}

# has_values NAME FIELD VALUE...
has_values() {
  equal "${*:3}" "$(values "$1" "$2" | paste -sd ' ')"
}

# packets NAME FILTER: the numbers of the packets that the filter selects.
packets() {
  dissect "$1" -Y "$2" -T fields -e frame.number | paste -sd ' '
}

is_capturing() {
  grep -q '^File: ' "$work/capture.log"
}

# start_capture NAME PORT: returns after the capture has begun.
start_capture() {
  dumpcap -q -i lo -f "tcp port $2" -w "$work/$1.pcap" 2>"$work/capture.log" &
  capture_pid=$!
  wait_until 20 is_capturing || {
    cat "$work/capture.log"
    return 1
  }
}

stop_capture() {
  local pid=$capture_pid
  capture_pid=
  [[ -z $pid ]] || { kill -INT "$pid" && wait "$pid"; }
}
