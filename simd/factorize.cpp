#include <simd/factorize/dense_wide.hpp>
#include <simd/factorize/rows.hpp>
#include <simd/factorize/split_wide.hpp>
#include <simd/kernels.hpp>

namespace flynn::simd {
namespace {

/// Gives every number its place, in work.narrow or work.wide. 0 becomes 1: neither has a factor.
template <class Arch>
void place_numbers(const std::uint64_t* numbers, std::size_t count, std::size_t& narrow, std::size_t& wide,
                   Workspace& work) {
  narrow = wide = 0;
  for (std::size_t i = 0; i < count; ++i) narrow += numbers[i] >> narrow_bits == 0;
  const std::size_t wide_start = (narrow + U32<Arch>::size - 1) / U32<Arch>::size * U32<Arch>::size;
  if (narrow == count) {  // without branches, in vectors
    for (std::size_t i = 0; i < count; ++i) {
      const std::uint32_t n = static_cast<std::uint32_t>(numbers[i]);
      work.narrow[i] = n + (n == 0);
      work.place[i] = static_cast<std::uint16_t>(i);
    }
  } else {
    narrow = 0;
    for (std::size_t i = 0; i < count; ++i) {
      const std::uint64_t n = numbers[i];
      const bool is_wide = n >> narrow_bits != 0;
      work.narrow[narrow] = static_cast<std::uint32_t>(n + (n == 0));
      work.wide[wide] = n;
      work.place[i] = static_cast<std::uint16_t>(is_wide ? wide_start + wide : narrow);
      narrow += !is_wide;
      wide += is_wide;
    }
  }
  for (std::size_t i = narrow; i < wide_start; ++i) work.narrow[i] = 1;
  for (std::size_t i = wide; i < wide + U64<Arch>::size; ++i) work.wide[i] = 1;
  for (std::size_t i = 0; i < wide_start + wide; ++i) work.large_count[i] = 0;
  for (std::size_t i = 0; i < wide_start + wide; ++i) work.single_large[i] = 0;
  work.wide_start = wide_start;
}

/// Splits all parts below 2^32 to primes.
template <class Arch>
void finish_narrow(Workspace& work) {
  while ((work.unknown[narrow_width].size | work.composite[narrow_width].size) != 0) {
#if defined(__AVX512IFMA__)
    sort_out_narrow_dense<Arch, false>(work);
    split_narrow_dense<Arch>(work);
#else
    sort_out_narrow<Arch>(work);
    split_narrow<Arch>(work);
#endif
  }
}

/// Tests and splits until only primes are left.
template <class Arch>
Status split_to_primes(Workspace& work, const Execution& execution) {
  for (unsigned round = 0; work.has_parts(); ++round) {
    finish_narrow<Arch>(work);
    if (Status s = test_and_split<WideModulus<Arch>>(work, wide_width, round, execution); !s.ok()) return s;
    if (Status s = test_and_split<BroadModulus<Arch>>(work, broad_width, round, execution); !s.ok()) return s;
    if (Status s = test_and_split<MiddleModulus<Arch>>(work, middle_width, round, execution); !s.ok()) return s;
  }
  return {};
}

template <class Arch>
Status factorize_group(const std::uint64_t* numbers, std::size_t count, Workspace& work, const Execution& execution) {
  std::size_t narrow, wide;
  place_numbers<Arch>(numbers, count, narrow, wide, work);
  work.clear_parts();
#if defined(__AVX512IFMA__)
  divide_narrow<Arch>(work, narrow);
  divide_wide<Arch>(work, wide);
#else
  divide_by_small_primes<Arch>(work.narrow, narrow, 0, scalar::primes_u32, work);
  for (std::size_t i = 0; i < narrow; ++i) work.add_part(work.narrow[i], static_cast<std::uint32_t>(i));
  divide_by_small_primes<Arch>(work.wide, wide, work.wide_start, scalar::primes_u64, work);
#endif
  for (std::size_t i = 0; i < wide; ++i) work.add_part(work.wide[i], static_cast<std::uint32_t>(work.wide_start + i));
  return split_to_primes<Arch>(work, execution);
}

}  // namespace

template <class Arch, class T>
Status factorize(const Factorize<T>& w, Execution& execution) {
  constexpr std::size_t group = Factorize<T>::group, capacity = Factorize<T>::row_capacity;
  Workspace* work = static_cast<Workspace*>(execution.scratch(sizeof(Workspace)));
  if (!work) return {Code::out_of_memory};
  const std::size_t count = w.numbers.size();
  for (std::size_t i = 0; i < count; i += group) {
    if (Status s = poll(execution); !s.ok()) return s;
    const std::size_t numbers = count - i < group ? count - i : group;
    if (Status s = factorize_group<Arch>(&w.numbers[i], numbers, *work, execution); !s.ok()) return s;
    write_rows<Arch>(*work, numbers, &w.primes[capacity * i], &w.exponents[capacity * i], &w.counts[i]);
  }
  return {};
}

using Arch = xsimd::FLYNN_SIMD_ARCH;
template Status factorize<Arch>(const Factorize<std::uint64_t>&, Execution&);

}  // namespace flynn::simd
