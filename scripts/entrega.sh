#!/usr/bin/env bash
# Makes the branches ej1 to ej8 that the course asks for, one for each exercise: the base branch
# plus one commit, which puts the files at the places that the graders of that exercise use.
#
#   scripts/entrega.sh [BASE]      BASE is main by default
#
# The work tree and the index are not touched. Safe to run again: the same base gives the same
# branches. A branch of that name that holds other work is not changed. Exit status: 1 for that, 64
# for wrong arguments.
set -euo pipefail

readonly BASE=${1:-main}
readonly SUBJECT="Lay out the files for the graders of exercise"

# The environment of the containers of exercise $1. The graders of the draw read the merged log of
# all containers, whose order is that of events only if there is time between them.
environment() {
  case $1 in
    [1-4]) printf 'CLI_MODE=echo\nAGENCY_DATA=/dev/null\n' ;;
    5) printf 'CLI_MODE=bet\nAGENCY_DATA=/dev/null\n' ;;
    *) printf 'CLI_MODE=lottery\nSERVER_WINNERS_DELAY=1s\n' ;;
  esac
  # Graders remove the containers, but no volume.
  printf 'BETS_MOUNT=tmpfs\n'
}

# Puts into the index: the file $2 with mode $1 and the content of standard input.
add() {
  git update-index --add --cacheinfo "$1,$(git hash-object -w --stdin),$2"
}

# Adds to the index: $2, a copy of $1 in the base.
copy() {
  local blob
  blob=$(git rev-parse --verify --quiet "$base:$1") || fail "$BASE has no file $1" 1
  git update-index --add --cacheinfo "100644,$blob,$2"
}

# Prints the tree of exercise $1. The graders overwrite client/config.yaml and server/config.ini, or
# remove and write them: these are files, and the containers mount links to them. The Dockerfiles
# are copies: BuildKit does not follow a link out of the Dockerfile's directory.
tree() {
  git read-tree "$base"
  copy config/config.yaml client/config.yaml
  copy config/config.ini server/config.ini
  copy client.Dockerfile client/Dockerfile
  copy server.Dockerfile server/Dockerfile
  printf ../client/config.yaml | add 120000 config/config.yaml
  printf ../server/config.ini | add 120000 config/config.ini
  environment "$1" | add 100644 .env
  git write-tree
}

# Prints the commit of exercise $1. It has the base's dates, so that the same base gives the same
# commit.
commit() {
  local date tree
  date=$(git show -s --format=%cI "$base")
  tree=$(set -e && tree "$1")
  GIT_AUTHOR_DATE=$date GIT_COMMITTER_DATE=$date git commit-tree "$tree" -p "$base" -m "$SUBJECT $1"
}

self=$(readlink -f "$0" 2>/dev/null || echo "$0")
# shellcheck source=scripts/lib/script.sh
. "$(dirname "$self")/lib/script.sh"
cd "$top"
(($# <= 1)) || refuse "one BASE wanted, $# given"
base=$(git rev-parse --verify --quiet "$BASE^{commit}") || fail "no branch or commit $BASE" 1
readonly base
for exercise in 1 2 3 4 5 6 7 8; do
  branch=ej$exercise
  subject=$(git show -s --format=%s "refs/heads/$branch" 2>/dev/null) || continue
  [[ $subject == "$SUBJECT "* ]] || fail "the branch $branch holds other work: rename or delete it" 1
  ! git worktree list --porcelain | grep -x "branch refs/heads/$branch" >/dev/null ||
    fail "the branch $branch is checked out: switch to $BASE" 1
done

workspace=$(mktemp -d)
trap 'rm -rf "$workspace"' EXIT
export GIT_INDEX_FILE=$workspace/index
for exercise in 1 2 3 4 5 6 7 8; do
  commit=$(set -e && commit "$exercise")
  git update-ref -m "entrega: from $BASE" "refs/heads/ej$exercise" "$commit"
  echo "ej$exercise ${commit:0:10}"
done
