#!/bin/bash
# The conformance test on a CPU that is not here: it must choose that CPU's instruction set and be right on it. An
# instruction of a newer one ends with an illegal instruction.
#
# qemu_test.sh BUILD Nehalem|Haswell|...  ARCH   the programs of BUILD under qemu-x86_64 with that CPU
# qemu_test.sh BUILD aarch64 ARCH SOURCE         flynn cross-compiled into BUILD, under qemu-aarch64
set -euo pipefail
build=$1 cpu=$2 arch=$3

if [ "$cpu" = aarch64 ]; then
  source=$4
  qemu=(qemu-aarch64 -L /usr/aarch64-linux-gnu)
  for tool in "${qemu[0]}" aarch64-linux-gnu-g++; do
    command -v "$tool" >/dev/null || { echo "skipped: $tool is not here"; exit 77; }
  done
  cmake -S "$source" -B "$build" -G Ninja --toolchain "$source/cmake/aarch64.cmake" -DCMAKE_BUILD_TYPE=Release \
    -DFLYNN_OPENCL=OFF -DFLYNN_CUDA=OFF -DFLYNN_BENCH=OFF -DFLYNN_EXAMPLES=OFF >/dev/null
  cmake --build "$build" --target conformance_test arch_test
else
  qemu=(qemu-x86_64 -cpu "$cpu")
  command -v "${qemu[0]}" >/dev/null || { echo "skipped: ${qemu[0]} is not here"; exit 77; }
fi

chosen=$("${qemu[@]}" "$build/bin/arch_test" 2>/dev/null)
echo "$cpu: $chosen"
[ "$chosen" = "$arch" ] || { echo "expected $arch" >&2; exit 1; }

# PoCL would compile for the CPU underneath; the OpenCL backend has its own tests.
export OCL_ICD_VENDORS=/nonexistent
# The kernels of threads are those of simd; a second gemm would only double the minutes.
exec "${qemu[@]}" "$build/bin/conformance_test" --gtest_brief=1 --gtest_filter="simd_$arch*:threads*-threads.gemm*"
