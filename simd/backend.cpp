#include <array>
#include <cstdlib>
#include <iterator>

#include <flynn/backend.hpp>
#include <host/choose/names.hpp>
#include <host/detect/cpu.hpp>
#include <simd/kernels.hpp>

// xsimd's names of the instruction sets, each in the namespace that flynn_simd_arch gave to its objects.
#if defined(__x86_64__)
namespace xsimd_sse2 {
struct sse2;
}
namespace xsimd_sse4_2 {
struct sse4_2;
}
namespace xsimd_avx2 {
struct avx2;
template <class>
struct fma3;
}  // namespace xsimd_avx2
namespace xsimd_avx512bw {
struct avx512bw;
}
namespace xsimd_avx512ifma {
struct avx512bw;  // xsimd has no type for more: it is the same one in another namespace
}
#elif defined(__aarch64__)
namespace xsimd_neon64 {
struct neon64;
}
#endif

namespace flynn::simd {
namespace {

/// FactorizeArch: where a level has instructions that only factorize gains from, the other rows are those of the level
/// below.
template <class Arch, class FactorizeArch>
constexpr Row rows[] = {
    row<Copy<float>, &copy<Arch, float>>(),
    row<Copy<double>, &copy<Arch, double>>(),
    row<Mul<float>, &mul<Arch, float>>(),
    row<Mul<double>, &mul<Arch, double>>(),
    row<Add<float>, &add<Arch, float>>(),
    row<Add<double>, &add<Arch, double>>(),
    row<Axpy<float>, &axpy<Arch, float>>(),
    row<Axpy<double>, &axpy<Arch, double>>(),
    row<Triad<float>, &triad<Arch, float>>(),
    row<Triad<double>, &triad<Arch, double>>(),
    row<Sum<float>, &sum<Arch, float>>(),
    row<Sum<double>, &sum<Arch, double>>(),
    row<Sum<std::int32_t>, &sum<Arch, std::int32_t>>(),
    row<Sum<std::uint32_t>, &sum<Arch, std::uint32_t>>(),
    row<Sum<std::int64_t>, &sum<Arch, std::int64_t>>(),
    row<Sum<std::uint64_t>, &sum<Arch, std::uint64_t>>(),
    row<Dot<float>, &dot<Arch, float>>(),
    row<Dot<double>, &dot<Arch, double>>(),
    row<Norm2<float>, &norm2<Arch, float>>(),
    row<Norm2<double>, &norm2<Arch, double>>(),
    row<Min<float>, &min<Arch, float>>(),
    row<Min<double>, &min<Arch, double>>(),
    row<Min<std::int32_t>, &min<Arch, std::int32_t>>(),
    row<Min<std::uint32_t>, &min<Arch, std::uint32_t>>(),
    row<Min<std::int64_t>, &min<Arch, std::int64_t>>(),
    row<Min<std::uint64_t>, &min<Arch, std::uint64_t>>(),
    row<Max<float>, &max<Arch, float>>(),
    row<Max<double>, &max<Arch, double>>(),
    row<Max<std::int32_t>, &max<Arch, std::int32_t>>(),
    row<Max<std::uint32_t>, &max<Arch, std::uint32_t>>(),
    row<Max<std::int64_t>, &max<Arch, std::int64_t>>(),
    row<Max<std::uint64_t>, &max<Arch, std::uint64_t>>(),
    row<Argmin<float>, &argmin<Arch, float>>(),
    row<Argmin<double>, &argmin<Arch, double>>(),
    row<Argmax<float>, &argmax<Arch, float>>(),
    row<Argmax<double>, &argmax<Arch, double>>(),
    row<Scan<float>, &scan<Arch, float>>(),
    row<Scan<double>, &scan<Arch, double>>(),
    row<Scan<std::int32_t>, &scan<Arch, std::int32_t>>(),
    row<Scan<std::uint32_t>, &scan<Arch, std::uint32_t>>(),
    row<Scan<std::int64_t>, &scan<Arch, std::int64_t>>(),
    row<Scan<std::uint64_t>, &scan<Arch, std::uint64_t>>(),
    row<Gemm<float>, &gemm<Arch, float>>(),
    row<Gemm<double>, &gemm<Arch, double>>(),
    row<Factorize<std::uint64_t>, &factorize<FactorizeArch, std::uint64_t>>(),
};

struct Level {
  std::string_view name;
  bool (*runs_on)(const detect::Cpu&);
  Backend backend;
};

Status probe(Text& text);

template <class Arch, class FactorizeArch = Arch>
constexpr Backend table() {
  return {.name = "simd",
          .kind = FlynnClass::simd,
          .probe = probe,
          .rows = rows<Arch, FactorizeArch>,
          .row_count = std::size(rows<Arch, FactorizeArch>)};
}

constexpr Level levels[] = {
// best first
#if defined(__x86_64__)
    {"avx512ifma", [](const detect::Cpu& cpu) { return cpu.has_avx512ifma; },
     table<xsimd_avx512bw::avx512bw, xsimd_avx512ifma::avx512bw>()},
    {"avx512bw", [](const detect::Cpu& cpu) { return cpu.has_avx512bw; }, table<xsimd_avx512bw::avx512bw>()},
    {"avx2", [](const detect::Cpu& cpu) { return cpu.has_avx2; }, table<xsimd_avx2::fma3<xsimd_avx2::avx2>>()},
    {"sse4.2", [](const detect::Cpu& cpu) { return cpu.has_sse4_2; }, table<xsimd_sse4_2::sse4_2>()},
    {"sse2", [](const detect::Cpu&) { return true; }, table<xsimd_sse2::sse2>()},
#elif defined(__aarch64__)
    {"neon64", [](const detect::Cpu&) { return true; }, table<xsimd_neon64::neon64>()},
#endif
};
constexpr auto names = [] {
  std::array<std::string_view, std::size(levels)> all;
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = levels[i].name;
  return all;
}();

/// The level that is used, or why there is none.
struct Choice {
  const Level* level = nullptr;
  Status status;
  Text text;
};

Choice choose() {
  Choice choice;
  const char* forced = secure_getenv("FLYNN_SIMD_ARCH");
  for (const Level& level : levels) {
    if (forced && *forced && level.name != forced) continue;
    if (level.runs_on(detect::cpu())) {
      choice.level = &level;
      return choice;
    }
    if (forced && *forced) {
      choice.status =
          fail(choice.text, Code::unavailable, "this CPU cannot run %s, which FLYNN_SIMD_ARCH asks for", forced);
      hint(choice.text, "unset FLYNN_SIMD_ARCH");
      return choice;
    }
  }
  const std::string known = known_names(names), nearest(nearest_name(forced, names));
  choice.status =
      fail(choice.text, Code::invalid_argument, "FLYNN_SIMD_ARCH is \"%.40s\"; known are %s", forced, known.c_str());
  hint(choice.text, "did you mean %s?", nearest.c_str());
  return choice;
}

const Choice& chosen() {
  static const Choice choice = choose();
  return choice;
}

Status probe(Text& text) {
  text = chosen().text;
  return chosen().status;
}

}  // namespace

const Backend& backend() { return chosen().level ? chosen().level->backend : std::end(levels)[-1].backend; }

std::string_view architecture() { return chosen().level ? chosen().level->name : ""; }

const Backend* backend_for(std::string_view arch) {
  for (const Level& level : levels)
    if (level.name == arch && level.runs_on(detect::cpu())) return &level.backend;
  return nullptr;
}

std::span<const std::string_view> architectures() { return names; }

}  // namespace flynn::simd
