# How every script begins. To be sourced first, by sh or bash, with `self`, the script's path.
#
# Sets `top`, the top of the repository. --help prints the comment at the top of the script. Nothing
# of the environment leads to another project, and a signal ends the script like `exit`, so that its
# trap on EXIT cleans up.

case $self in /*) ;; *) self=$PWD/$self ;; esac
top=${self%/*}
[ -d "$top/scripts/lib" ] || top=${top%/*}
unset CDPATH GIT_DIR GIT_INDEX_FILE GIT_WORK_TREE GIT_COMMON_DIR GIT_PREFIX
# In other locales [0-9] has more than ten characters.
export LC_ALL=C
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

usage() {
  echo "usage: $0"
  awk 'NR > 1 && !/^#/ { exit } NR > 1 { sub(/^# ?/, ""); print }' "$self"
}

# fail REASON STATUS
fail() {
  printf '%s: %s\n' "$0" "$1" >&2
  exit "$2"
}

# refuse REASON: for wrong arguments.
refuse() {
  printf '%s: %s\n' "$0" "$1" >&2
  usage >&2
  exit 64
}

# takes_none ARGUMENT...: refuses them.
takes_none() {
  [ $# -eq 0 ] || refuse "unknown argument \"$1\""
}

for argument; do
  case $argument in
    -h | --help)
      usage
      exit
      ;;
  esac
done
