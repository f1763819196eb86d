#!/bin/sh
# mp_messages_test.sh COMPILER SOURCE FLAGS...: what a user is told who sends what cannot be sent. Each case must not compile,
# and its messages must name the type and the cure; case 0 must compile.
set -eu
compiler=$1
source=$2
shift 2
messages=$(mktemp)
trap 'rm -f "$messages"' EXIT
failed=0


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
exit $failed
