# The two images. To be sourced by docker-test.sh.

is_small() {
  local size
  size=$(docker image inspect -f '{{.Size}}' "$1") && echo "$1: $size bytes" && ((size < 15000000))
}

is_not_root() {
  local user
  user=$(docker run --rm --entrypoint id "$1" -u) && [[ $user =~ ^[1-9][0-9]*$ ]]
}

test_images() {
  check "images: make docker-image" make docker-image
  local image
  for image in server:latest client:latest; do
    check "images: $image is smaller than 15 MB" is_small "$image"
    check "images: $image does not run as root" is_not_root "$image"
  done
}
