#pragma once
// Numbers below 2^32 on AVX-512 with IFMA: lists are kept dense with compress, so that all lanes work all the time.

#include <simd/factorize/ifma.hpp>
#include <simd/factorize/narrow.hpp>

#if defined(__AVX512IFMA__)

namespace flynn::simd {

/// Appends the lanes of the mask to a list that has room for a whole vector.
template <class Arch>
FLYNN_ALWAYS_INLINE void append_lanes(std::uint32_t* list, __mmask16 lanes, __m512i x) {
  _mm512_storeu_si512(list, _mm512_maskz_compress_epi32(lanes, x));
}
FLYNN_ALWAYS_INLINE __mmask16 first_lanes(std::size_t count) {
  return count < 16 ? static_cast<__mmask16>((1u << count) - 1) : static_cast<__mmask16>(0xffff);
}

/// Bit 31 - k of a lane: whether prime `first` + k divides it.
template <class Arch>
FLYNN_ALWAYS_INLINE __m512i divisor_bits(__m512i n, std::size_t first) {
  const auto& table = scalar::primes_u32;
  __m512i found = _mm512_setzero_si512();
#pragma GCC unroll 32
  for (std::size_t k = 0; k < 32; ++k) {
    const __m512i quotient = _mm512_mullo_epi32(n, _mm512_set1_epi32(static_cast<int>(table.inverse[first + k])));
    const __m512i limit = _mm512_set1_epi32(static_cast<int>(table.limit[first + k]));
    const __m512i bit = _mm512_set1_epi32(static_cast<int>(0x80000000u >> k));
    found = _mm512_mask_or_epi32(found, _mm512_cmple_epu32_mask(quotient, limit), found, bit);
  }
  return found;
}

/// Takes 2 out of `count` numbers and finds their primes up to 463: work.open are those that have such primes,
/// work.done the others. Returns how many there are of each.
template <class Arch>
void find_small_divisors(Workspace& work, std::size_t count, std::size_t& open, std::size_t& done) {
  open = done = 0;
  const __m512i zero = _mm512_setzero_si512();
  __m512i place = _mm512_set_epi32(15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0);
  for (std::size_t i = 0; i < count; i += 16) {
    __m512i n = _mm512_load_si512(work.narrow + i);
    const __m512i lowest = _mm512_and_si512(n, _mm512_sub_epi32(zero, n));
    const __m512i twos = _mm512_sub_epi32(_mm512_set1_epi32(31), _mm512_lzcnt_epi32(lowest));
    n = _mm512_srlv_epi32(n, twos);
    const __m512i word0 = divisor_bits<Arch>(n, 0), word1 = divisor_bits<Arch>(n, 32),
                  word2 = divisor_bits<Arch>(n, 64);
    const __m512i odds = _mm512_add_epi32(_mm512_add_epi32(_mm512_popcnt_epi32(word0), _mm512_popcnt_epi32(word1)),
                                          _mm512_popcnt_epi32(word2));
    _mm512_store_si512(work.twos_and_odds + i, _mm512_or_si512(twos, _mm512_slli_epi32(odds, 8)));
    const __mmask16 live = first_lanes(count - i), some = _mm512_mask_test_epi32_mask(live, odds, odds);
    const __mmask16 none = static_cast<__mmask16>(live & ~some);
    append_lanes<Arch>(work.open.number + open, some, n);
    append_lanes<Arch>(work.open.divisors[0] + open, some, word0);
    append_lanes<Arch>(work.open.divisors[1] + open, some, word1);
    append_lanes<Arch>(work.open.divisors[2] + open, some, word2);
    append_lanes<Arch>(work.open.state + open, some, _mm512_slli_epi32(place, 4));
    append_lanes<Arch>(work.done.number + done, none, n);
    append_lanes<Arch>(work.done.place + done, none, place);
    open += static_cast<std::size_t>(__builtin_popcount(some));
    done += static_cast<std::size_t>(__builtin_popcount(none));
    place = _mm512_add_epi32(place, _mm512_set1_epi32(16));
  }
}

/// p / 2 for all primes of trial division, as bytes to pick from.
template <class Arch>
FLYNN_ALWAYS_INLINE void load_half_primes(__m512i (&halves)[2]) {
  alignas(64) std::uint8_t bytes[128];
  for (std::size_t k = 0; k < 128; ++k) bytes[k] = static_cast<std::uint8_t>(scalar::primes_u32.prime[k] / 2);
  halves[0] = _mm512_load_si512(bytes);
  halves[1] = _mm512_load_si512(bytes + 64);
}

/// In which word the least divisor of each lane is, its bit from the top, and its index.
struct LeastDivisor {
  __mmask16 not0, not1;  ///< the words before are empty
  __m512i bit_index, index;
};
template <class Arch>
FLYNN_ALWAYS_INLINE LeastDivisor least_divisor(__mmask16 live, __m512i word0, __m512i word1, __m512i word2) {
  const __mmask16 not0 = _mm512_mask_testn_epi32_mask(live, word0, word0);
  const __mmask16 not1 = _mm512_mask_testn_epi32_mask(not0, word1, word1);
  const __m512i word = _mm512_mask_mov_epi32(_mm512_mask_mov_epi32(word0, not0, word1), not1, word2);
  const __m512i bit_index = _mm512_lzcnt_epi32(word), more = _mm512_set1_epi32(32);
  const __m512i index = _mm512_mask_add_epi32(bit_index, not0, bit_index, more);
  return {not0, not1, bit_index, _mm512_mask_add_epi32(index, not1, index, more)};
}

/// Divides every number of work.open once by its least prime; those that have no more go to work.done.
template <class Arch>
void divide_once(Workspace& work, std::size_t& open, std::size_t& done) {
  const auto& table = scalar::primes_u32;
  auto& list = work.open;
  const __m512i one_more = _mm512_set1_epi32(1 << 16), next = _mm512_set1_epi32(1);
  __m512i halves[2];
  load_half_primes<Arch>(halves);
  std::size_t left = 0;
  for (std::size_t i = 0; i < open; i += 16) {
    const __mmask16 live = first_lanes(open - i);
    __m512i word0 = _mm512_load_si512(list.divisors[0] + i), word1 = _mm512_load_si512(list.divisors[1] + i);
    __m512i word2 = _mm512_load_si512(list.divisors[2] + i);
    const auto [not0, not1, bit_index, index] = least_divisor<Arch>(live, word0, word1, word2);
    const __m512i inverse = _mm512_mask_i32gather_epi32(word0, live, index, table.inverse, 4);
    const __m512i limit = _mm512_mask_i32gather_epi32(word0, live, index, table.limit, 4);
    const __m512i n = _mm512_mullo_epi32(_mm512_load_si512(list.number + i), inverse);
    const __mmask16 last = _mm512_mask_cmpgt_epu32_mask(live, _mm512_mullo_epi32(n, inverse), limit);
    __m512i state = _mm512_add_epi32(_mm512_load_si512(list.state + i), one_more);
    const __m512i where = _mm512_and_si512(state, _mm512_set1_epi32(0xffff));
    const __m512i half = _mm512_maskz_permutex2var_epi8(0x1111111111111111, halves[0], index, halves[1]);
    const __m512i entry = _mm512_or_si512(half, _mm512_slli_epi32(_mm512_srli_epi32(state, 16), 8));
    _mm512_mask_i32scatter_epi32(work.odd, last, where, entry,
                                 2);  // over the entry that follows, which is not there yet
    state = _mm512_mask_add_epi32(state, last, where, next);
    const __m512i bit = _mm512_srlv_epi32(_mm512_set1_epi32(static_cast<int>(0x80000000u)), bit_index);
    word0 = _mm512_mask_andnot_epi32(word0, static_cast<__mmask16>(last & ~not0), bit, word0);
    word1 = _mm512_mask_andnot_epi32(word1, static_cast<__mmask16>(last & not0 & ~not1), bit, word1);
    word2 = _mm512_mask_andnot_epi32(word2, static_cast<__mmask16>(last & not1), bit, word2);
    const __m512i all = _mm512_or_si512(_mm512_or_si512(word0, word1), word2);
    const __mmask16 stay = _mm512_mask_test_epi32_mask(live, all, all), leave = static_cast<__mmask16>(live & ~stay);
    append_lanes<Arch>(list.number + left, stay, n);
    append_lanes<Arch>(list.divisors[0] + left, stay, word0);
    append_lanes<Arch>(list.divisors[1] + left, stay, word1);
    append_lanes<Arch>(list.divisors[2] + left, stay, word2);
    append_lanes<Arch>(list.state + left, stay, state);
    append_lanes<Arch>(work.done.number + done, leave, n);
    append_lanes<Arch>(work.done.place + done, leave,
                       _mm512_srli_epi32(_mm512_and_si512(state, _mm512_set1_epi32(0xffff)), 4));
    left += static_cast<std::size_t>(__builtin_popcount(stay));
    done += static_cast<std::size_t>(__builtin_popcount(leave));
  }
  open = left;
}

/// What the primes up to 463 left of the numbers: 1, a prime, or an unknown part.
template <class Arch>
void sort_cofactors(Workspace& work, std::size_t done) {
  auto& parts = work.unknown[narrow_width];
  const __m512i least = _mm512_set1_epi32(scalar::least_composite), one = _mm512_set1_epi32(1);
  for (std::size_t i = 0; i < done; i += 16) {
    const __mmask16 live = first_lanes(done - i);
    const __m512i n = _mm512_load_si512(work.done.number + i), place = _mm512_load_si512(work.done.place + i);
    const __mmask16 unknown = _mm512_mask_cmpge_epu32_mask(live, n, least);
    const __mmask16 prime = _mm512_mask_cmpgt_epu32_mask(static_cast<__mmask16>(live & ~unknown), n, one);
    _mm512_mask_i32scatter_epi32(work.single_large, live, place, _mm512_maskz_mov_epi32(prime, n), 4);
    const __m512i packed = _mm512_maskz_compress_epi32(unknown, n);
    _mm512_storeu_si512(parts.value + parts.size, _mm512_cvtepu32_epi64(_mm512_castsi512_si256(packed)));
    _mm512_storeu_si512(parts.value + parts.size + 8, _mm512_cvtepu32_epi64(_mm512_extracti64x4_epi64(packed, 1)));
    append_lanes<Arch>(parts.owner + parts.size, unknown, place);
    parts.size += static_cast<std::size_t>(__builtin_popcount(unknown));
  }
}

/// The strong test of witness.hpp on `vectors` vectors at once. Operands stay below 2^40: products are left in [0, 2n),
/// and a base has 7 bits, so that multiplying by it takes no reduction.
template <class Arch, std::size_t vectors>
FLYNN_ALWAYS_INLINE void test_narrow_dense(const std::uint64_t* value, __mmask8* is_prime) {
  using V = U64<Arch>;
  const V zero(std::uint64_t{0}), one(std::uint64_t{1}), three(std::uint64_t{3});
  Modulus52<Arch, true> m[vectors];
  V exponent[vectors], base[vectors], x[vectors];
  __m512i any_bit = _mm512_setzero_si512();
#pragma GCC unroll 8
  for (std::size_t k = 0; k < vectors; ++k) {
    m[k].load(value + 8 * k);
    x[k] = m[k].one;
    const __m512i hash =
        _mm512_srli_epi64(_mm512_slli_epi64(_mm512_mul_epu32(m[k].n, _mm512_set1_epi64(0x27d4eb2f)), 32), 54);
    const __m512i bytes = _mm512_i64gather_epi64(hash, witness_table, 1);
    base[k] = V(_mm512_and_si512(bytes, _mm512_set1_epi64(255))) - one;
    const V half = m[k].n >> 1;
    exponent[k] = pick((half & one) == one, half, half >> 1);
    any_bit = _mm512_or_si512(any_bit, exponent[k]);
  }
  for (std::uint64_t bit = std::uint64_t{1}
                           << (63 - __builtin_clzll(static_cast<std::uint64_t>(_mm512_reduce_or_epi64(any_bit))));
       bit != 0; bit >>= 1) {
    const V here(bit);
#pragma GCC unroll 8
    for (std::size_t k = 0; k < vectors; ++k) {
      x[k] = m[k].square(x[k]);
      x[k] = _mm512_mask_madd52lo_epu64(x[k], _mm512_test_epi64_mask(exponent[k], here), x[k], base[k]);
    }
  }
#pragma GCC unroll 8
  for (std::size_t k = 0; k < vectors; ++k) {
    x[k] = m[k].canonical(m[k].mul(x[k], m[k].one));
    const V minus_one = m[k].n - m[k].one;
    const auto root = (x[k] == m[k].one) | (x[k] == minus_one);
    const auto square = ((m[k].n & three) == one) & (m[k].canonical(m[k].square(x[k])) == minus_one);
    is_prime[k] = static_cast<__mmask8>((root | square).data);
  }
}

/// Tells the primes of work.unknown[narrow_width], and leaves the composites in work.composite. `fresh`: each part is
/// all that is left of its number.
template <class Arch, bool fresh>
void sort_out_narrow_dense(Workspace& work) {
  constexpr std::size_t vectors = 6, step = 8 * vectors;
  auto &parts = work.unknown[narrow_width], &composite = work.composite[narrow_width];
  for (std::size_t i = 0; i < step; ++i) parts.value[parts.size + i] = scalar::least_composite;
  for (std::size_t i = 0; i < parts.size; i += step) {
    __mmask8 is_prime[vectors];
    test_narrow_dense<Arch, vectors>(parts.value + i, is_prime);
    for (std::size_t k = 0; k < vectors && i + 8 * k < parts.size; ++k) {
      const std::size_t at = i + 8 * k;
      const __mmask8 live = static_cast<__mmask8>(first_lanes(parts.size - at));
      const __m512i n = _mm512_loadu_si512(parts.value + at);
      const __m256i owner = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(parts.owner + at));
      __mmask8 prime = static_cast<__mmask8>(is_prime[k] & live);
      for (std::uint64_t exception : witness_exceptions)
        prime = _mm512_mask_cmpneq_epu64_mask(prime, n, _mm512_set1_epi64(static_cast<long long>(exception)));
      const __mmask8 rest = static_cast<__mmask8>(live & ~prime);
      if constexpr (fresh)
        _mm256_mask_i32scatter_epi32(work.single_large, prime, owner, _mm512_cvtepi64_epi32(n), 4);
      else
        for (unsigned left = prime; left != 0; left &= left - 1)
          work.add_prime(parts.value[at + static_cast<std::size_t>(__builtin_ctz(left))],
                         parts.owner[at + static_cast<std::size_t>(__builtin_ctz(left))]);
      _mm512_storeu_si512(composite.value + composite.size, _mm512_maskz_compress_epi64(rest, n));
      _mm256_storeu_si256(reinterpret_cast<__m256i*>(composite.owner + composite.size),
                          _mm256_maskz_compress_epi32(rest, owner));
      composite.size += static_cast<std::size_t>(__builtin_popcount(rest));
    }
  }
  parts.size = 0;
}

/// Splits parts of work.composite, as many as a group has numbers, by the primes from 467 on, as split_narrow does.
template <class Arch>
void split_narrow_dense(Workspace& work) {
  auto& parts = work.composite[narrow_width];
  auto& list = work.open;
  const std::size_t begin = parts.size < Workspace::group ? 0 : parts.size - Workspace::group;
  std::size_t count = parts.size - begin;
  for (std::size_t i = 0; i < count; i += 16) {
    const __m256i low = _mm512_cvtepi64_epi32(_mm512_loadu_si512(parts.value + begin + i));
    const __m256i high = _mm512_cvtepi64_epi32(_mm512_loadu_si512(parts.value + begin + i + 8));
    _mm512_store_si512(list.number + i, _mm512_inserti64x4(_mm512_castsi256_si512(low), high, 1));
    _mm512_store_si512(list.state + i, _mm512_loadu_si512(parts.owner + begin + i));
  }
  for (std::size_t first = scalar::trial_primes; count > 0; first += 32) {
    std::size_t left = 0;
    for (std::size_t i = 0; i < count; i += 16) {
      const __mmask16 live = first_lanes(count - i);
      const __m512i n = _mm512_load_si512(list.number + i), owner = _mm512_load_si512(list.state + i);
      const __m512i bits = divisor_bits<Arch>(n, first);
      const __mmask16 stay = _mm512_mask_testn_epi32_mask(live, bits, bits);
      alignas(64) std::uint32_t number[16], place[16], found[16];
      const __mmask16 split = static_cast<__mmask16>(live & ~stay);
      _mm512_store_si512(number, _mm512_maskz_compress_epi32(split, n));
      _mm512_store_si512(place, _mm512_maskz_compress_epi32(split, owner));
      _mm512_store_si512(found, _mm512_maskz_compress_epi32(split, bits));
      append_lanes<Arch>(list.number + left, stay, n);
      append_lanes<Arch>(list.state + left, stay, owner);
      left += static_cast<std::size_t>(__builtin_popcount(stay));
      for (int j = 0, splits = __builtin_popcount(split); j < splits; ++j) {
        const std::size_t k = first + static_cast<std::size_t>(__builtin_clz(found[j]));
        work.add_prime(scalar::primes_u32.prime[k], place[j]);
        work.add_part(number[j] * scalar::primes_u32.inverse[k], place[j]);
      }
    }
    count = left;
  }
  parts.size = begin;
}

/// Takes all primes out of `count` numbers below 2^32, but for composites with primes above 463.
template <class Arch>
void divide_narrow(Workspace& work, std::size_t count) {
  std::size_t open, done;
  find_small_divisors<Arch>(work, count, open, done);
  while (open > 0) divide_once<Arch>(work, open, done);
  sort_cofactors<Arch>(work, done);
  sort_out_narrow_dense<Arch, true>(work);
}

}  // namespace flynn::simd

#endif
