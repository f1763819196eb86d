#!/bin/sh
# course_test.sh PROGRAM EXPECTED: an example of the course prints what stands in a file, lines in any order (what is
# called back may come earlier).
set -eu
printed=$(mktemp)
trap 'rm -f "$printed"' EXIT
"$1" >"$printed"
sort -o "$printed" "$printed"
sort "$2" | diff -u - "$printed"
