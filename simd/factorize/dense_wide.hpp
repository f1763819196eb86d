#pragma once
// Primes up to 463 in numbers from 2^32 on, with AVX-512: as dense.hpp does it, in lanes of 64 bits.

#include <simd/factorize/dense.hpp>

#if defined(__AVX512IFMA__)

namespace flynn::simd {

FLYNN_ALWAYS_INLINE __mmask8 first_lanes_of_8(std::size_t count) {
  return count < 8 ? static_cast<__mmask8>((1u << count) - 1) : static_cast<__mmask8>(0xff);
}
template <class Arch>
FLYNN_ALWAYS_INLINE void append_lanes(std::uint64_t* list, __mmask8 lanes, __m512i x) {
  _mm512_storeu_si512(list, _mm512_maskz_compress_epi64(lanes, x));
}

/// Bit 63 - k of a lane: whether prime `first` + k divides it, k < count.
template <class Arch, std::size_t first, std::size_t count>
FLYNN_ALWAYS_INLINE __m512i wide_divisor_bits(__m512i n) {
  const auto& table = scalar::primes_u64;
  __m512i found = _mm512_setzero_si512();
#pragma GCC unroll 8
  for (std::size_t k = 0; k < count; ++k) {
    const __m512i quotient = _mm512_mullo_epi64(n, _mm512_set1_epi64(static_cast<long long>(table.inverse[first + k])));
    const __m512i limit = _mm512_set1_epi64(static_cast<long long>(table.limit[first + k]));
    const __m512i bit = _mm512_set1_epi64(static_cast<long long>(std::uint64_t{1} << (63 - k)));
    found = _mm512_mask_or_epi64(found, _mm512_cmple_epu64_mask(quotient, limit), found, bit);
  }
  return found;
}

/// Takes 2 out of work.wide and finds the primes up to 463: work.open_wide are the numbers that have some. Returns how
/// many.
template <class Arch>
std::size_t find_small_divisors_wide(Workspace& work, std::size_t count) {
  auto& list = work.open_wide;
  std::size_t open = 0;
  __m512i place = _mm512_add_epi64(_mm512_set_epi64(7, 6, 5, 4, 3, 2, 1, 0),
                                   _mm512_set1_epi64(static_cast<long long>(work.wide_start)));
  for (std::size_t i = 0; i < count; i += 8) {
    __m512i n = _mm512_load_si512(work.wide + i);
    const __m512i lowest = _mm512_and_si512(n, _mm512_sub_epi64(_mm512_setzero_si512(), n));
    const __m512i twos = _mm512_sub_epi64(_mm512_set1_epi64(63), _mm512_lzcnt_epi64(lowest));
    n = _mm512_srlv_epi64(n, twos);
    _mm512_store_si512(work.wide + i, n);
    const __m512i word0 = wide_divisor_bits<Arch, 0, 64>(n);
    const __m512i word1 = wide_divisor_bits<Arch, 64, scalar::trial_primes - 64>(n);
    const __m512i odds = _mm512_add_epi64(_mm512_popcnt_epi64(word0), _mm512_popcnt_epi64(word1));
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(work.twos_and_odds + work.wide_start + i),
                        _mm512_cvtepi64_epi32(_mm512_or_si512(twos, _mm512_slli_epi64(odds, 8))));
    const __mmask8 some = _mm512_mask_test_epi64_mask(first_lanes_of_8(count - i), odds, odds);
    append_lanes<Arch>(list.number + open, some, n);
    append_lanes<Arch>(list.divisors[0] + open, some, word0);
    append_lanes<Arch>(list.divisors[1] + open, some, word1);
    append_lanes<Arch>(list.state + open, some, _mm512_slli_epi64(place, 4));
    open += static_cast<std::size_t>(__builtin_popcount(some));
    place = _mm512_add_epi64(place, _mm512_set1_epi64(8));
  }
  return open;
}

/// Writes entries of work.odd, each to 16 * its place + its number in the row.
template <class Arch>
FLYNN_ALWAYS_INLINE void store_entries(Workspace& work, __mmask8 lanes, __m512i where, __m512i entry) {
  alignas(64) std::uint64_t row[8], what[8];
  _mm512_store_si512(row, _mm512_maskz_compress_epi64(lanes, where));
  _mm512_store_si512(what, _mm512_maskz_compress_epi64(lanes, entry));
  for (int j = 0, entries = __builtin_popcount(lanes); j < entries; ++j)
    work.odd[row[j] / Workspace::entries][row[j] % Workspace::entries] = static_cast<std::uint16_t>(what[j]);
}

/// Divides every number of work.open_wide once by its least prime; what is left of those that have no more goes back to
/// work.wide. Returns how many have more.
template <class Arch>
std::size_t divide_once_wide(Workspace& work, std::size_t open, const __m512i (&halves)[2]) {
  const auto& table = scalar::primes_u64;
  auto& list = work.open_wide;
  std::size_t left = 0;
  for (std::size_t i = 0; i < open; i += 8) {
    const __mmask8 live = first_lanes_of_8(open - i);
    __m512i word0 = _mm512_load_si512(list.divisors[0] + i), word1 = _mm512_load_si512(list.divisors[1] + i);
    const __mmask8 not0 = _mm512_mask_testn_epi64_mask(live, word0, word0);
    const __m512i bit_index = _mm512_lzcnt_epi64(_mm512_mask_mov_epi64(word0, not0, word1));
    const __m512i index = _mm512_mask_add_epi64(bit_index, not0, bit_index, _mm512_set1_epi64(64));
    const __m512i inverse = _mm512_mask_i64gather_epi64(word0, live, index, table.inverse, 8);
    const __m512i limit = _mm512_mask_i64gather_epi64(word0, live, index, table.limit, 8);
    const __m512i n = _mm512_mullo_epi64(_mm512_load_si512(list.number + i), inverse);
    const __mmask8 last = _mm512_mask_cmpgt_epu64_mask(live, _mm512_mullo_epi64(n, inverse), limit);
    __m512i state = _mm512_add_epi64(_mm512_load_si512(list.state + i), _mm512_set1_epi64(1 << 16));
    const __m512i where = _mm512_and_si512(state, _mm512_set1_epi64(0xffff));
    const __m512i half = _mm512_maskz_permutex2var_epi8(0x0101010101010101, halves[0], index, halves[1]);
    const __m512i entry = _mm512_or_si512(half, _mm512_slli_epi64(_mm512_srli_epi64(state, 16), 8));
    store_entries<Arch>(work, last, where, entry);
    state = _mm512_mask_add_epi64(state, last, where, _mm512_set1_epi64(1));
    const __m512i bit = _mm512_srlv_epi64(_mm512_set1_epi64(static_cast<long long>(std::uint64_t{1} << 63)), bit_index);
    word0 = _mm512_mask_andnot_epi64(word0, static_cast<__mmask8>(last & ~not0), bit, word0);
    word1 = _mm512_mask_andnot_epi64(word1, static_cast<__mmask8>(last & not0), bit, word1);
    const __m512i all = _mm512_or_si512(word0, word1);
    const __mmask8 stay = _mm512_mask_test_epi64_mask(live, all, all);
    const __m512i place = _mm512_srli_epi64(_mm512_and_si512(state, _mm512_set1_epi64(0xffff)), 4);
    _mm512_mask_i64scatter_epi64(work.wide, static_cast<__mmask8>(live & ~stay),
                                 _mm512_sub_epi64(place, _mm512_set1_epi64(static_cast<long long>(work.wide_start))), n,
                                 8);
    append_lanes<Arch>(list.number + left, stay, n);
    append_lanes<Arch>(list.divisors[0] + left, stay, word0);
    append_lanes<Arch>(list.divisors[1] + left, stay, word1);
    append_lanes<Arch>(list.state + left, stay, state);
    left += static_cast<std::size_t>(__builtin_popcount(stay));
  }
  return left;
}

/// Takes all primes up to 463 out of `count` numbers of work.wide.
template <class Arch>
void divide_wide(Workspace& work, std::size_t count) {
  __m512i halves[2];
  load_half_primes<Arch>(halves);
  std::size_t open = find_small_divisors_wide<Arch>(work, count);
  while (open > 0) open = divide_once_wide<Arch>(work, open, halves);
}

}  // namespace flynn::simd

#endif
