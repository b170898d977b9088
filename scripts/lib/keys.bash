# The agencies' keys, for generar-compose.sh, which sources this.
#
# Only the owner can enter the directory, and all users can read the files in it. Compose mounts a
# secret's file with its own mode: `uid`, `gid` and `mode` have no effect outside a swarm, and the
# containers' user is not the owner. The mount does not pass through the directory, which keeps the
# other users of this machine out.

# A secret of a swarm has at most 500 KiB, and an agency's line in by-slot up to 74 bytes.
readonly MAX_STACK_KEYS=6000

# Makes the keys of the agencies that have none: 32 hexadecimal digits each. Lists them all, in lines
# AGENCY:KEY. Prints how many there were: they are kept, because an agency elsewhere may have a copy.
write_keys() {
  local id new key list="" kept=0
  for ((id = 1; id <= agencies; id++)); do
    read -r new
    if [[ -s $keys/agency-$id ]]; then
      kept=$((kept + 1))
    else
      printf '%s' "$new" >"$keys/agency-$id" || return
    fi
    key=
    read -r key <"$keys/agency-$id" || [[ -n $key ]] || return
    list+=$id:$key$'\n'
  done < <(od -An -v -tx1 -N "$((16 * agencies))" /dev/urandom | tr -d ' \n' | fold -w 32 && echo)
  printf %s "$list" >"$keys/agencies" || return
  # In a swarm all tasks of a service have the same secrets. This one is a template that the node
  # fills in for each task, so that a task sees only its own key.
  sed -E 's/^([0-9]+):(.*)$/{{- if eq .Task.Slot "\1" }}\2{{ end -}}/' "$keys/agencies" \
    >"$keys/by-slot" || return
  echo "$kept"
}

make_keys() {
  local keys kept
  ((agencies > 0)) || refuse "there is no agency to have a key"
  [[ $kind == compose ]] || ((agencies <= MAX_STACK_KEYS)) ||
    refuse "N is $agencies, and a swarm's secret has room for $MAX_STACK_KEYS keys"
  # Next to the compose file, because its relative paths begin there.
  case $file in
    /dev/*) keys=.claves ;;
    *) keys=$(dirname "$file")/.claves ;;
  esac
  [[ -d $keys ]] || mkdir -m 700 "$keys" 2>/dev/null ||
    fail_write "no such directory, or it is read-only" "$keys"
  chmod 700 "$keys" || fail_write "see above" "$keys"
  kept=$(umask 022 && write_keys) || fail_write "see above" "$keys"
  ((kept == 0)) || echo "$0: $kept of $agencies keys were in $keys and are kept" >&2
}

compose_secrets() {
  local id
  printf '\nsecrets:\n  agency_keys:\n    file: ./.claves/agencies\n'
  for ((id = 1; id <= agencies; id++)); do
    printf '  agency_key_%d:\n    file: ./.claves/agency-%d\n' "$id" "$id"
  done
}

stack_secrets() {
  cat <<'YAML'

secrets:
  agency_keys:
    file: ./.claves/agencies
  # A template: each task reads its own key.
  agency_key:
    file: ./.claves/by-slot
    template_driver: golang
YAML
}
