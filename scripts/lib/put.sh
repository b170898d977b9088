# How data.sh and generate-data.sh write the agencies' files. To be sourced after script.sh.
#
# Whole files only: the next run would keep half a file as the user's own.

# make_partial DIR: makes DIR and in it the directory `partial`, which is removed on the way out.
make_partial() {
  # In the containers another user reads the files.
  umask 022
  mkdir -p "$1" || fail "cannot make the directory $1" 73
  partial=$(mktemp -d "$1/.partial.XXXXXX") || fail "cannot write into $1" 73
  trap 'rm -rf "$partial"' EXIT
}

# put_files DIR: moves the agencies' files from `partial` to DIR. Docker makes an empty directory for
# a file that it is to mount and that is not there.
put_files() {
  for file in "$partial"/agency-*.csv; do
    if [ ! -f "$file" ] || [ -L "$file" ]; then continue; fi
    target=$1/${file##*/}
    [ ! -d "$target" ] || rmdir "$target" ||
      fail "$target is a directory that cannot be replaced: remove it" 73
    { chmod 644 "$file" && mv -f "$file" "$target"; } || fail "cannot write $target" 73
  done
}
