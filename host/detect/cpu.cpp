#include <algorithm>
#include <cstdint>
#include <cstring>
#include <fstream>
#if defined(__x86_64__)
#include <cpuid.h>
#endif

#include <host/detect/cpu.hpp>

namespace flynn::detect {
namespace {

/// Data and unified caches of the first CPU as the kernel tells them; works on every architecture.
void read_caches(Cpu& cpu) {
  for (int index = 0; index < 8; ++index) {
    const std::string folder = "/sys/devices/system/cpu/cpu0/cache/index" + std::to_string(index) + "/";
    int level = 0;
    std::size_t kilobytes = 0;
    std::string type;
    if (!(std::ifstream(folder + "level") >> level)) break;
    std::ifstream(folder + "type") >> type;
    std::ifstream(folder + "size") >> kilobytes;  // "2048K": the unit is always K
    if (type == "Instruction") continue;
    std::size_t* const sizes[] = {&cpu.l1d_bytes, &cpu.l2_bytes, &cpu.l3_bytes};
    if (level >= 1 && level <= 3) *sizes[level - 1] = kilobytes * 1024;
  }
}

#if defined(__x86_64__)

struct Registers {
  unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
};

Registers cpuid(unsigned leaf, unsigned subleaf = 0) {
  Registers r;
  __get_cpuid_count(leaf, subleaf, &r.eax, &r.ebx, &r.ecx, &r.edx);  // all zero when the CPU lacks the leaf
  return r;
}

constexpr bool has(unsigned value, unsigned mask) { return (value & mask) == mask; }

/// Which register states the operating system saves: a CPU may have AVX-512 and a hypervisor or kernel may not allow
/// it.
std::uint64_t saved_states(const Registers& leaf1) {
  if (!has(leaf1.ecx, bit_OSXSAVE)) return 0;
  unsigned low, high;
  __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return std::uint64_t(high) << 32 | low;
}

CpuBits read_bits() {
  const Registers one = cpuid(1), seven = cpuid(7), extended = cpuid(0x80000001);
  return {one.ecx, seven.ebx, seven.ecx, extended.ecx, saved_states(one)};
}

void read_names(Cpu& cpu) {
  const Registers zero = cpuid(0);
  char vendor[13] = {};
  std::memcpy(vendor, &zero.ebx, 4);
  std::memcpy(vendor + 4, &zero.edx, 4);
  std::memcpy(vendor + 8, &zero.ecx, 4);
  cpu.vendor = vendor;
  char model[49] = {};
  for (unsigned i = 0; i < 3; ++i) {
    const Registers part = cpuid(0x80000002 + i);
    std::memcpy(model + 16 * i, &part, 16);
  }
  cpu.model = model;
  cpu.model.erase(0, cpu.model.find_first_not_of(' '));
}

#else

CpuBits read_bits() { return {}; }
void read_names(Cpu& cpu) {
  cpu.vendor = "ARM";
  cpu.model = "aarch64";
}

#endif

}  // namespace

std::size_t Cpu::last_cache_bytes() const {
  const std::size_t largest = std::max({l1d_bytes, l2_bytes, l3_bytes});
  return largest ? largest : std::size_t{8} << 20;
}

Cpu features_of([[maybe_unused]] const CpuBits& bits) {
  Cpu cpu;
#if defined(__x86_64__)
  constexpr std::uint64_t ymm = 0x6, zmm = 0xe6;  // SSE and AVX; with opmask, low and high ZMM
  cpu.has_sse4_2 = has(bits.leaf1_ecx, bit_SSE4_2 | bit_POPCNT);
  cpu.has_avx2 = cpu.has_sse4_2 && (bits.saved & ymm) == ymm && has(bits.leaf1_ecx, bit_AVX | bit_FMA) &&
                 has(bits.leaf7_ebx, bit_AVX2 | bit_BMI | bit_BMI2) && has(bits.extended_ecx, bit_LZCNT);
  cpu.has_avx512bw = cpu.has_avx2 && (bits.saved & zmm) == zmm &&
                     has(bits.leaf7_ebx, bit_AVX512F | bit_AVX512CD | bit_AVX512DQ | bit_AVX512BW | bit_AVX512VL);
  cpu.has_avx512ifma = cpu.has_avx512bw && has(bits.leaf7_ebx, bit_AVX512IFMA) &&
                       has(bits.leaf7_ecx, bit_AVX512VBMI | bit_AVX512VPOPCNTDQ);
#endif
  return cpu;
}

const Cpu& cpu() {
  static const Cpu detected = [] {
    Cpu cpu = features_of(read_bits());
    read_names(cpu);
    cpu.gains_from_streams = cpu.vendor == "GenuineIntel";
    read_caches(cpu);
    return cpu;
  }();
  return detected;
}

}  // namespace flynn::detect
