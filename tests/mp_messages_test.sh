#!/bin/sh
# mp_messages_test.sh COMPILER SOURCE DOCUMENT WITHOUT_INIT FLAGS...: what a user is told who sends what cannot be sent. Each case
# must not compile, and its messages must name the type and the cure; case 0 must compile. DOCUMENT shows some of these
# messages, and what a program says that does not call init().
set -eu
compiler=$1
source=$2
document=$3
without_init=$4
shift 4
messages=$(mktemp)
trap 'rm -f "$messages"' EXIT
failed=0

# in_document SENTENCE: however its lines are broken
in_document() {
  tr -s ' \n' ' ' <"$document" | grep -qF -- "$1" && return
  echo "$document does not say: $1"
  failed=1
}

# expect CASE TYPE WORDS
expect() {
  number=$1 type=$2 words=$3
  if "$compiler" -std=c++20 -fsyntax-only $flags "-DCASE=$number" "$source" >"$messages" 2>&1; then
    echo "case $number compiles"
    failed=1
  elif ! grep -qF "$type" "$messages" || ! grep -qF "$words" "$messages"; then
    echo "case $number does not say \"$type\" and \"$words\" but"
    grep error "$messages" || cat "$messages"
    failed=1
  else
    grep -m 1 "flynn::mp: " "$messages"
  fi
}

flags=$*
if ! "$compiler" -std=c++20 -fsyntax-only $flags -DCASE=0 "$source"; then
  echo "what is good does not compile"
  exit 1
fi
expect 1 "CannotSend<const char*>" "a pointer means nothing in another process"
expect 2 "CannotSend<int&>" "a reference cannot go to another process"
expect 3 "CannotSend<std::basic_string_view<char> >" "Take a std::vector or std::string"
expect 4 "CannotSend<std::span<const double" "Take a std::vector or std::string"
expect 5 "CannotCall<use(flynn::mp::Pool&)::<lambda(int)> >" "Pass what it captures as arguments"
expect 6 "CannotSend<std::unique_ptr<int> >" "Send the object it points to"
expect 7 "CannotSend<Plain>" "nothing tells what this class consists of"
expect 8 "CannotSend<NoDefault>" "a default constructor"
expect 9 "CannotSend<int*>" "a pointer means nothing in another process"
expect 10 "CannotCall<std::function<int(int)> >" "Pass what it captures as arguments"
expect 11 "CannotCall<use(flynn::mp::Pool&)::<lambda()> >" "Pass what it captures as arguments"
for number in 4 5; do
  "$compiler" -std=c++20 -fsyntax-only $flags "-DCASE=$number" "$source" >"$messages" 2>&1 || true
  in_document "$(grep -m 1 -o 'static assertion failed: flynn::mp: .*' "$messages" | sed 's/static assertion failed: //')"
done
in_document "$("$without_init" without_init)"
exit $failed
