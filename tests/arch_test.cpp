// Prints the instruction set that the simd backend chose here; qemu_test.sh runs it on other CPUs.

#include <cstdio>

#include <simd/kernels.hpp>

int main() {
  const auto name = flynn::simd::architecture();
  std::printf("%.*s\n", static_cast<int>(name.size()), name.data());
}
