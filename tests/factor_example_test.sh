#!/bin/sh
# examples/factor against the real `factor` of coreutils: the same bytes, messages and exit codes, on one backend.
#   factor_example_test.sh FACTOR BACKEND
# Exits with 77 when there is no `factor` here, or no such backend.
set -eu
ours=$1
backend=$2
if ! command -v factor > /dev/null; then
  echo "skipped: no factor of coreutils on this machine"
  exit 77
fi
status=0
echo 1 | "$ours" --backend "$backend" > /dev/null || status=$?
if [ $status -eq 3 ]; then
  echo "skipped: the backend $backend is not on this machine"
  exit 77
fi
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
failures=0
fail() {
  echo "FAILED: $*"
  failures=$((failures + 1))
}

# same NAME: `input` gives the same output, messages and status on both
same() {
  expected=0 got=0
  factor < input > expected.out 2> expected.err || expected=$?
  "$ours" --backend "$backend" < input > got.out 2> got.err || got=$?
  cmp expected.out got.out || fail "$1: output"
  cmp expected.err got.err || fail "$1: messages"
  [ $expected -eq $got ] || fail "$1: exit code $got instead of $expected"
}
# same_arguments ARGUMENT...: the same for arguments
same_arguments() {
  expected=0 got=0
  factor "$@" > expected.out 2> expected.err || expected=$?
  "$ours" --backend "$backend" "$@" > got.out 2> got.err || got=$?
  cmp expected.out got.out || fail "arguments $*: output"
  cmp expected.err got.err || fail "arguments $*: messages"
  [ $expected -eq $got ] || fail "arguments $*: exit code $got instead of $expected"
}

seq 1 200000 > input
same "1 ... 200000"
# 20,000 numbers of 64 bits: 1844674407 and ten more digits make the largest.
awk 'BEGIN { srand(1); for (i = 0; i < 20000; i++) printf "%d%05d%05d\n", rand() * 1844674407, rand() * 1e5, rand() * 1e5 }' > input
same "random numbers of 64 bits"

printf '12 abc\n15 +7 -3 1e3\n\n\t 0 1 2\n++5 0x10 1.5 007 + 18446744073709551615' > input
same "words among numbers, no newline at the end"
printf '' > input
same "no input"
printf '  \n\t\n' > input
same "white space only"
printf '12\0abc 13\n5\v6\f7\r8 a\\b a\001b \303\251 \377 9\n' > input
same "bytes that are not text"
same_arguments 60 abc '' ' 12' '1 2' 97
same_arguments -- -3 5
same_arguments -x 7
for locale in C C.UTF-8; do
  LC_ALL=$locale same_arguments "a'b" 'a’b'
done

# What coreutils hands to GMP is more than 64 bits for us; what stands around it is still printed.
status=0
LC_ALL=C "$ours" --backend "$backend" 6 18446744073709551616 99999999999999999999999 35 > got.out 2> got.err || status=$?
printf '6: 2 3\n35: 5 7\n' | cmp - got.out || fail "too large: output"
printf "factor: '18446744073709551616' is too large\nfactor: '99999999999999999999999' is too large\n" | cmp - got.err ||
  fail "too large: messages"
[ $status -eq 1 ] || fail "too large: exit code $status"

# A full disk is an error, in the words of coreutils.
status=0
echo 12 | "$ours" --backend "$backend" 2> got.err > /dev/full || status=$?
echo "factor: write error: No space left on device" | cmp - got.err || fail "full disk: message"
[ $status -eq 1 ] || fail "full disk: exit code $status"

# Answers come while the pipe stays open: the second number is sent only after the first answer was read.
mkfifo to from
"$ours" --backend "$backend" < to > from &
exec 3> to 4< from
printf '91\n' >&3
read -r answer <&4
printf '8 ' >&3
exec 3>&-
answer="$answer|$(cat <&4)"
wait $!
[ "$answer" = "91: 7 13|8: 2 2 2" ] || fail "slow input: got $answer"

[ $failures -eq 0 ]
