#!/bin/sh
# nvcc_test.sh KERNELS: every device text is CUDA C++ too, for every element type that its plan is compiled for.
set -u
kernels=$1
command -v nvcc >/dev/null 2>&1 || { echo "skipped: no nvcc"; exit 77; }
object=$(mktemp)
trap 'rm -f "$object"' EXIT

# compile TEXT TYPE ENTRY: whether it compiles and has the entry by this name.
compile() { nvcc -x cu -arch=sm_90 -fmad=false "-DFLYNN_T=$2" -ptx -o "$object" "$1" 2>&1 && grep -q "entry $3(" "$object"; }

# What no text is must be noticed.
if compile "$kernels/axpy.kernel" no_such_type k_axpy_no_such_type >/dev/null; then
  echo "a text for a type that does not exist compiled"
  exit 1
fi

compiled=0
for text in "$kernels"/*.kernel; do
  name=$(basename "$text" .kernel)
  types=$(sed -n 's/^template void .*<\(.*\)>&);$/\1/p' "$kernels/$name.cpp" |
    sed 's/std:://; s/_t$//; s/uint/u/; s/int/i/; s/float/f32/; s/double/f64/')
  for type in $types; do
    compile "$text" "$type" "k_${name}_$type" || { echo "FAILED: $name for $type"; exit 1; }
    compiled=$((compiled + 1))
  done
done
echo "$compiled texts"
[ $compiled -ge 30 ]
