# validar-echo-server.sh, with a stand-in for docker. To be sourced by test-scripts.sh.

# says SHELL VERDICT STATUS STAND-IN: what the script says where `docker` is the given shell text.
says() {
  local status=0
  mkdir -p "$work/bin" && printf '#!/bin/sh\n%s\n' "$4" >"$work/bin/docker" &&
    chmod +x "$work/bin/docker" || return
  PATH=$work/bin:$PATH "$1" validar-echo-server.sh >"$work/out" 2>"$work/err" || status=$?
  equal "action: test_echo_server | result: $2" "$(<"$work/out")" && equal "$3" "$status"
}

test_echo() {
  local shell
  for shell in sh bash; do
    check "echo check, $shell: the same line back is a success" says "$shell" success 0 cat
    check "echo check, $shell: a prefix is a fail" says "$shell" fail 1 'printf "error: "; cat'
    check "echo check, $shell: a line too many is a fail" says "$shell" fail 1 'cat; echo more'
    check "echo check, $shell: a line without end is a fail" says "$shell" fail 1 'tr -d "\n"'
    check "echo check, $shell: silence is a fail" says "$shell" fail 1 'cat >/dev/null'
    check "echo check, $shell: no server is a fail" says "$shell" fail 1 'exit 1'
  done
}
