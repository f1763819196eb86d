#pragma once
// Inputs for a workload and the judgement of what came out: shared by the tests and the bench. A workload gives a
// specialisation of Sample in samples/NAME.hpp:
//
//   sizes()              the awkward sizes for the tests
//   judge(got, fresh)    whether `got`, which has been run, is right; `fresh` is the same sample and has not been run
//   plant(got)           spoils a right answer, by the least that judge() must notice
//
// and, where there is more than one kind of input,
//
//   params               their names, the usual one first and empty; shape() and fill() then take a name as well;
//   without
//                        a shape() here the spec's own counts
//
// SameBits gives the last two where the answer must have the bits of the scalar backend.

#include <array>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include <flynn/flynn.hpp>
#include <host/verify/agreement.hpp>
#include <tests/samples/memory.hpp>
#include <tests/samples/random.hpp>

namespace flynn::samples {

template <class W>
struct Sample;

/// What a check found.
struct Verdict {
  const char* metric;  ///< what `value` is, for example "wrong elements"
  double value, limit;
  bool pass;
  std::string where;  ///< the first wrong place, for people; empty when right
};

/// What the inputs look like.
enum class Values : std::uint8_t {
  zero_mean,  ///< uniform in [-1, 1); integers over their whole range
  positive,   ///< uniform in [0, 1); integers over their whole range
  special,    ///< with NaN, infinities, both zeros, subnormals and the largest numbers in between
  zeros,      ///< of both signs, most of them negative; integers over their whole range
};

template <class T>
T value_at(const Random& random, std::size_t i, Values values) {
  if constexpr (std::is_integral_v<T>) {
    return T(random.bits(i));
  } else {
    using L = std::numeric_limits<T>;
    constexpr T special[] = {L::quiet_NaN(),  L::infinity(), -L::infinity(), T(0),       -T(0),
                             L::denorm_min(), -L::min() / 2, L::max(),       L::lowest()};
    if (values == Values::zeros) return random.bits(i) % 5 == 0 ? T(0) : -T(0);
    const T u = random.uniform<T>(i);
    if (values == Values::special && random.bits(i) % 5 == 0) return special[random.bits(i) / 5 % std::size(special)];
    return values == Values::positive ? u : 2 * u - 1;
  }
}

/// Gives every view of `w` memory, fills those that are read, and the others with bytes that no right answer has.
template <Spec W>
void allocate(W& w, Memory& memory, std::uint64_t seed, Values values = Values::zero_mean) {
  std::uint32_t stream = 0;
  w.each_buffer([&](auto& view) {
    using T = typename std::remove_reference_t<decltype(view)>::element;
    const std::size_t n = view.footprint();
    T* const data = static_cast<T*>(memory.take(n * sizeof(T), alignof(T)));
    view.data = data;
    const Random random(seed, stream++);
    if constexpr (std::remove_reference_t<decltype(view)>::access == Access::write)
      std::memset(static_cast<void*>(data), 0xA5, n * sizeof(T));
    else
      for (std::size_t i = 0; i < n; ++i) data[i] = value_at<T>(random, i, values);
  });
}

/// The same inputs again, in memory of its own.
template <Spec W>
W clone(W w, Memory& memory) {
  w.each_buffer([&](auto& view) {
    using T = typename std::remove_reference_t<decltype(view)>::element;
    const std::size_t bytes = view.footprint() * sizeof(T);
    T* const data = static_cast<T*>(memory.take(bytes, alignof(T)));
    if (bytes > 0) std::memcpy(static_cast<void*>(data), view.data, bytes);
    view.data = data;
  });
  return w;
}

/// The names of the kinds of input of a workload.
template <Spec W>
constexpr auto params_of() {
  if constexpr (requires { Sample<W>::params; })
    return std::to_array(Sample<W>::params);
  else
    return std::array<std::string_view, 1>{};
}

template <Spec W>
W shape(std::size_t n, std::string_view params = {}) {
  if constexpr (requires { Sample<W>::shape(n, params); })
    return Sample<W>::shape(n, params);
  else
    return W::shape(n);
}

/// The spec of size n with memory and inputs, ready to run.
template <Spec W>
W make(std::size_t n, Memory& memory, std::uint64_t seed, Values values = Values::zero_mean,
       std::string_view params = {}) {
  W w = shape<W>(n, params);
  if constexpr (requires { Sample<W>::fill(w, memory, seed, values, params); })
    Sample<W>::fill(w, memory, seed, values, params);
  else
    allocate(w, memory, seed, values);
  return w;
}

/// Around the widths of vectors and of the blocks of 1024, a prime, and more than an L2 cache of 2 MiB holds.
inline std::vector<std::size_t> awkward_sizes() {
  return {0,  1,  2,  3,  4,   5,   7,   8,    9,    15,   16,   17,   31,    32,
          33, 63, 64, 65, 127, 128, 129, 1023, 1024, 1025, 4095, 8193, 65537, 600011};
}

/// Counts what differs from the scalar backend.
template <Spec W>
struct SameBits {
  static std::vector<std::size_t> sizes() { return awkward_sizes(); }

  static Verdict judge(W got, W fresh) {
    Verdict verdict{"elements unlike scalar", 0, 0, true, {}};
    return compare(got, fresh, verdict, [&](std::size_t i, auto a, auto b) {
      if (same_bits(a, b)) return;
      if (verdict.value++ == 0) verdict.where = difference(a, b, i);
    });
  }

  /// The same for a library with an order of its own: element i may differ from scalar's by `slack(w, i)` eps of
  /// Sample<W>, and not at all where that has none. For inputs in [-1, 1), as the bench has them.
  static Verdict judge_peer(W got, W fresh) {
    Verdict verdict{"max error / bound", 0, 1, true, {}};
    return compare(got, fresh, verdict, [&](std::size_t i, auto a, auto b) {
      if (same_bits(a, b)) return;
      double ratio = INFINITY;
      if constexpr (requires { Sample<W>::slack(got, i); })
        ratio = std::fabs(double(a) - double(b)) /
                (Sample<W>::slack(got, i) * double(std::numeric_limits<decltype(a)>::epsilon()));
      if (std::isnan(ratio)) ratio = INFINITY;
      if (ratio <= verdict.value) return;
      verdict.value = ratio;
      if (ratio > verdict.limit) verdict.where = difference(a, b, i);
    });
  }

  static void plant(W got) {
    auto flip = [](auto& x) { *reinterpret_cast<unsigned char*>(&x) ^= 1; };  // the last bit of a little-endian number
    if constexpr (Reduces<W>) {
      if constexpr (requires { got.result[0].index; })
        flip(got.result[0].index);
      else
        flip(got.result[0]);
    } else {
      got.each_buffer([&](auto& view) {
        if constexpr (std::remove_reference_t<decltype(view)>::access != Access::read) flip(view[view.size() / 2]);
      });
    }
  }

 private:
  static std::string difference(auto a, auto b, std::size_t i) {
    return "element " + std::to_string(i) + " is " + text_of(a) + " instead of " + text_of(b);
  }
  /// Runs `fresh` on the scalar backend, and calls one(index, got's, scalar's) for each element of the results.
  static Verdict compare(W& got, W& fresh, Verdict& verdict, auto&& one) {
    const auto done = try_run(fresh, {.backend = "scalar"});
    if (!done) return {"scalar failed", 1, 0, false, done.error().what()};
    each_result(got, fresh, one);
    verdict.pass = verdict.value <= verdict.limit;
    return verdict;
  }
};

}  // namespace flynn::samples
