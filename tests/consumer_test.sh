#!/bin/sh
# A stranger's project against an installed flynn: with find_package and with pkg-config, from a prefix that was moved
# after the installation, so that no path of the build may be left in it.
#
# consumer_test.sh SOURCE BUILD WORK CXX shared|static
#   SOURCE, BUILD  flynn and a build of it with shared libraries; a static one is built in WORK
set -eu
source=$1 build=$2 work=$3 cxx=$4 kind=$5

rm -rf "$work/first" "$work/moved" "$work/project"
mkdir -p "$work"
if [ "$kind" = static ]; then
  # The flags are those of the ci preset, so ccache has every object already.
  cmake -S "$source" -B "$work/build" -G Ninja -DCMAKE_CXX_COMPILER="$cxx" -DCMAKE_BUILD_TYPE=Release \
    -DFLYNN_WERROR=ON -DBUILD_SHARED_LIBS=OFF -DFLYNN_CUDA=OFF -DFLYNN_BENCH=OFF -DFLYNN_EXAMPLES=OFF -DFLYNN_TESTS=OFF >"$work/log"
  cmake --build "$work/build" >>"$work/log" || { cat "$work/log"; exit 1; }
  build=$work/build
fi
cmake --install "$build" --prefix "$work/first" >/dev/null
mv "$work/first" "$work/moved"
prefix=$work/moved

if grep -rIlF -e "$work/first" -e "$source" -e "$build" "$prefix"; then
  echo "the files above name a folder of the build" >&2
  exit 1
fi

check() {
  answer=$("$@")
  echo "$*: $answer"
  [ "$answer" = "flynn says 500" ]
}

cmake -S "$source/tests/consumer" -B "$work/project" -G Ninja -DCMAKE_CXX_COMPILER="$cxx" -DCMAKE_PREFIX_PATH="$prefix" >/dev/null
cmake --build "$work/project"
check "$work/project/consumer"

PKG_CONFIG_PATH=$(dirname "$(find "$prefix" -name flynn.pc)")
export PKG_CONFIG_PATH
mode=
[ "$kind" = shared ] || mode=--static
# shellcheck disable=SC2046,SC2086  # pkg-config prints words
"$cxx" -std=c++20 "$source/tests/consumer/main.cpp" -o "$work/project/by_pkg_config" $(pkg-config --cflags --libs $mode flynn)
check env LD_LIBRARY_PATH="$(pkg-config --variable=libdir flynn)" "$work/project/by_pkg_config"

if [ -x "$prefix/bin/compute_bench" ]; then "$prefix/bin/compute_bench" list >/dev/null; fi
