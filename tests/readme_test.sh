#!/bin/sh
# The program in the README is examples/quickstart.cpp, and it says what it should.
# readme_test.sh SOURCE QUICKSTART
set -eu
awk '/^```cpp$/ {inside = 1; next} /^```$/ {inside = 0} inside' "$1/README.md" | diff -u "$1/examples/quickstart.cpp" -
answer=$("$2")
echo "$answer"
case $answer in "20000000: "*simd*) ;; *) exit 1 ;; esac
