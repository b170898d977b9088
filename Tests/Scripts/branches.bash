# entrega.sh, in a repository of its own. To be sourced by test-scripts.sh and docker-test.sh.

# copy_tree DIR: what git knows of or would take of the work tree, as it is now.
copy_tree() {
  local file
  mkdir -p "$1" && (
    cd "$root" && git ls-files -z --cached --others --exclude-standard |
      while IFS= read -r -d '' file; do
        [[ ! -e $file && ! -L $file ]] || printf '%s\0' "$file"
      done | tar --null -T - -c
  ) | tar -x -C "$1"
}

# A repository with the work tree as its only commit, on main.
make_repository() {
  rm -rf "$1" && copy_tree "$1" && git -C "$1" init -q -b main &&
    git -C "$1" config user.name Tester && git -C "$1" config user.email tester@example.org &&
    git -C "$1" add -A && git -C "$1" commit -q -m "The work tree"
}

in_repository() {
  git -C "$work/repository" "$@"
}

entrega() {
  (cd "$work/repository" && scripts/entrega.sh)
}

makes_the_branches() {
  make_repository "$work/repository" && entrega &&
    equal "ej1 ej2 ej3 ej4 ej5 ej6 ej7 ej8 main" \
      "$(in_repository for-each-ref --format='%(refname:short)' refs/heads | xargs)" &&
    equal "" "$(in_repository status --porcelain)" &&
    equal main "$(in_repository branch --show-current)"
}

one_commit_each() {
  local k
  for k in 1 2 3 4 5 6 7 8; do
    equal "$(in_repository rev-parse main)" "$(in_repository rev-parse "ej$k^")" || return
  done
}

has_the_modes() {
  equal "echo echo echo echo bet lottery lottery lottery" "$(
    for k in 1 2 3 4 5 6 7 8; do
      in_repository show "ej$k:.env" | sed -n 's/^CLI_MODE=//p'
    done | xargs
  )"
}

delays_the_winners_of_the_draw() {
  equal "ej6 1s ej7 1s ej8 1s" "$(
    for k in 1 2 3 4 5 6 7 8; do
      in_repository show "ej$k:.env" | sed -n "s/^SERVER_WINNERS_DELAY=/ej$k /p"
    done | xargs
  )"
}

has_the_files_of_the_graders() {
  in_repository diff --exit-code main:config/config.yaml ej5:client/config.yaml &&
    in_repository diff --exit-code main:config/config.ini ej5:server/config.ini &&
    in_repository diff --exit-code main:client.Dockerfile ej5:client/Dockerfile &&
    in_repository diff --exit-code main:server.Dockerfile ej5:server/Dockerfile
}

# Written over or removed and written anew, what the graders write is what the containers get.
mounts_what_graders_write() {
  in_repository switch -q ej3 &&
    echo over >"$work/repository/client/config.yaml" &&
    equal over "$(<"$work/repository/config/config.yaml")" &&
    rm "$work/repository/server/config.ini" && echo anew >"$work/repository/server/config.ini" &&
    equal anew "$(<"$work/repository/config/config.ini")" &&
    in_repository checkout -q . && in_repository switch -q main
}

again_is_the_same() {
  local before
  before=$(in_repository show-ref) && entrega && equal "$before" "$(in_repository show-ref)"
}

follows_main() {
  in_repository commit -q --allow-empty -m "Go on" && entrega && one_commit_each
}

leaves_other_work_alone() {
  local before
  in_repository switch -q ej2 && in_repository commit -q --allow-empty -m "Work of mine" &&
    in_repository switch -q main && before=$(in_repository show-ref) || return
  if entrega; then return 1; fi
  equal "$before" "$(in_repository show-ref)"
}

test_branches() {
  needs git
  check "entrega: makes ej1 to ej8 and touches nothing else" makes_the_branches
  check "entrega: each is main and one commit" one_commit_each
  check "entrega: each has the mode of its exercise" has_the_modes
  check "entrega: where there is a draw its winners come a second later" \
    delays_the_winners_of_the_draw
  check "entrega: the files lie where graders look" has_the_files_of_the_graders
  check "entrega: what graders write is what is mounted" mounts_what_graders_write
  check "entrega: a second run changes nothing" again_is_the_same
  check "entrega: the branches follow main" follows_main
  check "entrega: a branch with other work is left alone" leaves_other_work_alone
  needs
}
