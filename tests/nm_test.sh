#!/bin/bash
# No weak symbol is shared between the objects of two instruction sets, nor between those of one and the code that runs
# on every CPU: the linker keeps one copy of a weak symbol, perhaps the one that only the newest CPU can run. Without
# optimisation the compiler inlines next to nothing and shows them all, so a Debug build is looked at too.
#
# nm_test.sh SOURCE BUILD WORK CXX     BUILD: a build of SOURCE; WORK: where the Debug build goes
set -euo pipefail
export LC_ALL=C
source=$1 build=$2 work=$3 cxx=$4

# Every symbol of the objects below some folders that a linker would merge: weak ones and the static data of templates.
# The limits of integers and std::is_constant_evaluated() may be merged: they return a constant, with the same instruction everywhere.
weak_symbols() {
  find "$@" -name '*.o' -exec nm {} + | awk '$2 ~ /^[WVu]$/ && $3 !~ /^_ZNSt14numeric_limitsI[ijlmxy]E(3min|3max|6lowest)Ev$|^_ZSt21is_constant_evaluatedv$/ {print $3}' | sort -u
}

# nothing_shared FOLDER: FOLDER holds a list of symbols for each instruction set, as NAME.weak; succeeds when no two of
# them have one in common. "every_cpu" and the oldest instruction set, "sse2" or "neon64", are compiled with the same
# flags and may share.
nothing_shared() {
  local all=("$1"/*.weak) clean=0 i j pair common
  for ((i = 0; i < ${#all[@]}; ++i)); do
    for ((j = i + 1; j < ${#all[@]}; ++j)); do
      pair="$(basename "${all[i]}" .weak) and $(basename "${all[j]}" .weak)"
      case $pair in "every_cpu and sse2" | "every_cpu and neon64") continue ;; esac
      common=$(comm -12 "${all[i]}" "${all[j]}")
      [ -z "$common" ] && continue
      printf '%s share:\n%s\n' "$pair" "$(c++filt <<<"$common" | cut -c 1-200 | sed 's/^/  /')"
      clean=1
    done
  done
  return $clean
}

# look_at BUILD: the lists of a build of flynn.
look_at() {
  local folder lists=$work/lists
  rm -rf "$lists" && mkdir -p "$lists"
  for folder in "$1"/simd/CMakeFiles/flynn_simd_*.dir; do
    weak_symbols "$folder" >"$lists/$(basename "${folder#*flynn_simd_}" .dir).weak"
  done
  weak_symbols "$1/host" "$1/cpu_fallback" >"$lists/every_cpu.weak"
  wc -l "$lists"/*.weak
  [ "$(find "$lists" -name '*.weak' -size +0 | wc -l)" -ge 2 ] || { echo "$1 holds no objects to compare" >&2; exit 1; }
  nothing_shared "$lists"
}

# The check must see what it is for: an ordinary inline function, compiled for two instruction sets.
planted=$work/planted
rm -rf "$planted" && mkdir -p "$planted"/{older,newer}
for side in older newer; do
  echo "inline int planted(int x) { return x * x; } int $side(int x) { return planted(x); }" >"$planted/$side.cpp"
  "$cxx" -O0 -c "$planted/$side.cpp" -o "$planted/$side/object.o"
  weak_symbols "$planted/$side" >"$planted/$side.weak"
done
if nothing_shared "$planted" >"$planted/found"; then
  echo "the check did not see the inline function that was planted" >&2
  exit 1
fi
grep -q 'planted(int)' "$planted/found"

failed=0
echo "== $build" && look_at "$build" || failed=1

debug=$work/debug
cmake -S "$source" -B "$debug" -G Ninja -DCMAKE_CXX_COMPILER="$cxx" -DCMAKE_BUILD_TYPE=Debug -DCMAKE_CXX_FLAGS_DEBUG=-O0 \
  -DFLYNN_OPENCL=OFF -DFLYNN_CUDA=OFF -DFLYNN_BENCH=OFF -DFLYNN_EXAMPLES=OFF -DFLYNN_TESTS=OFF >/dev/null
cmake --build "$debug" --target flynn >"$work/log" || { cat "$work/log" && exit 1; }
echo "== the same without optimisation" && look_at "$debug" || failed=1
exit $failed
