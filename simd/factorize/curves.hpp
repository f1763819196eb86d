#pragma once
// The elliptic curve method: every lane has a number of its own and all walk through the same program. (Lenstra,
// "Factoring integers with elliptic curves", 1987; Montgomery, "Speeding the Pollard and elliptic curve methods of
// factorization", 1987.)

#include <simd/factorize/modulus.hpp>

namespace flynn::simd {

/// How far one curve goes: it finds a prime p when the order of the curve modulo p divides the product of all prime
/// powers up to b1, times one prime up to b2 (some of the multiples of `stride` are left out).
struct Effort {
  std::uint64_t exponent[8] = {};  ///< their product is that of the odd prime powers up to b1
  unsigned exponents = 0, doublings = 0;
  unsigned stride, giants;

  constexpr Effort(unsigned b1, unsigned b2, unsigned stride_) : stride(stride_), giants(b2 / stride_) {
    for (unsigned power = 2; power <= b1; power *= 2) ++doublings;
    std::uint64_t product = 1;
    for (unsigned p = 3; p <= b1; p += 2) {
      bool prime = true;
      for (unsigned d = 3; d * d <= p; d += 2) prime = prime && p % d != 0;
      for (std::uint64_t power = p; prime && power <= b1; power *= p) {
        if (product > ~std::uint64_t{0} / p) exponent[exponents++] = product, product = 1;
        product *= p;
      }
    }
    exponent[exponents++] = product;
  }
};

/// A Montgomery curve B y^2 = x^3 + A x^2 + x modulo each lane's n; (A + 2) / 4 = numerator / denominator.
template <class Modulus>
class Curve {
  using V = typename Modulus::V;
  const Modulus& m_;
  V numerator_, denominator_;

 public:
  struct Point {
    V x, z;
  };
  /// Suyama's family: the order of the curve is a multiple of 12. The start has the order of the rest.
  FLYNN_ALWAYS_INLINE Curve(const Modulus& m, unsigned sigma, Point& start) : m_(m) {
    const V s = m.enter(sigma), u = m.sub(m.square(s), m.enter(5)), v = m.mul(m.enter(4), s);
    const V u3 = m.mul(m.square(u), u), difference = m.sub(v, u);
    numerator_ = m.mul(m.mul(m.square(difference), difference), m.add(m.add(m.add(u, u), u), v));
    denominator_ = m.mul(m.mul(m.enter(16), u3), v);
    start = {u3, m.mul(m.square(v), v)};
  }
  FLYNN_ALWAYS_INLINE Point twice(const Point& p) const {
    const V sum = m_.square(m_.add(p.x, p.z)), difference = m_.square(m_.sub(p.x, p.z)),
            cross = m_.sub(sum, difference);
    const V scaled = m_.mul(difference, denominator_);
    return {m_.mul(sum, scaled), m_.mul(cross, m_.add(scaled, m_.mul(cross, numerator_)))};
  }
  /// p + q, where p - q is known.
  FLYNN_ALWAYS_INLINE Point add(const Point& p, const Point& q, const Point& p_minus_q) const {
    const V a = m_.mul(m_.sub(p.x, p.z), m_.add(q.x, q.z)), b = m_.mul(m_.add(p.x, p.z), m_.sub(q.x, q.z));
    return {m_.mul(p_minus_q.z, m_.square(m_.add(a, b))), m_.mul(p_minus_q.x, m_.square(m_.sub(a, b)))};
  }
  /// k p, k odd and above 1.
  Point times(std::uint64_t k, const Point& p) const {
    Point low = p, high = twice(p);
    for (int bit = 62 - __builtin_clzll(k); bit >= 0; --bit) {
      const Point sum = add(high, low, p);
      if (k >> bit & 1) {
        low = sum;
        high = twice(high);
      } else {
        low = twice(low);
        high = sum;
      }
    }
    return low;
  }
};

/// The greatest odd number of the table of small multiples below.
inline constexpr unsigned most_stride = 210;

/// The second stage: a value that is 0 modulo p when some k stride +- j annihilates q modulo p, for 1 <= k <= giants
/// and j < stride / 2 without a common factor with stride. With k stride q = (X : Z) and j q = (x : z), X z - Z x is 0
/// then.
template <class Modulus>
typename Modulus::V second_stage(const Modulus& m, const Curve<Modulus>& curve, const typename Curve<Modulus>::Point& q,
                                 const Effort& effort) {
  using V = typename Modulus::V;
  using Point = typename Curve<Modulus>::Point;
  const unsigned half = effort.stride / 2, reach = half + 1 + half % 2;
  Point odd[most_stride / 4 + 2];  // odd[i] = (2 i + 1) q
  const Point two = curve.twice(q);
  odd[0] = q;
  odd[1] = curve.add(two, q, q);
  for (unsigned i = 2; 2 * i + 1 <= reach; ++i) odd[i] = curve.add(odd[i - 1], two, odd[i - 2]);
  struct {
    V x, z, product;
  } baby[24];  // there are as many for a stride of 210
  unsigned babies = 0;
  for (unsigned j = 1; j < half; j += 2)
    if (j == 1 || (j % 3 != 0 && j % 5 != 0 && (j % 7 != 0 || effort.stride % 7 != 0)))
      baby[babies++] = {odd[j / 2].x, odd[j / 2].z, m.mul(odd[j / 2].x, odd[j / 2].z)};
  // stride = (half + 1) + (half - 1) for even halves and (half + 2) + (half - 2) for odd ones
  const unsigned apart = reach - half;
  const Point step = curve.add(odd[reach / 2], odd[(half - apart) / 2], apart == 1 ? two : curve.twice(two));
  Point before = step, giant = curve.twice(step);
  V product = m.one;
  const auto meet_babies = [&](const Point& p) {
    const V own = m.mul(p.x, p.z);
    for (unsigned b = 0; b < babies; ++b) {
      const V cross = m.mul(m.sub(p.x, baby[b].x), m.add(p.z, baby[b].z));
      product = m.mul(product, m.add(m.sub(cross, own), baby[b].product));
    }
  };
  meet_babies(step);
  for (unsigned k = 2; k <= effort.giants; ++k) {
    meet_babies(giant);
    const Point next = curve.add(giant, step, before);
    before = giant;
    giant = next;
  }
  return product;
}

/// One curve for every lane. Writes two numbers a lane whose gcd with its n may be a factor: the first after both
/// stages, the second after the first stage.
template <class Modulus>
void run_curve(const std::uint64_t* n, unsigned sigma, const Effort& effort, std::uint64_t* both,
               std::uint64_t* first) {
  Modulus m;
  m.load(n);
  typename Curve<Modulus>::Point point;
  const Curve<Modulus> curve(m, sigma, point);
  for (unsigned i = 0; i < effort.doublings; ++i) point = curve.twice(point);
  for (unsigned i = 0; i < effort.exponents; ++i) point = curve.times(effort.exponent[i], point);
  m.store(point.z, first);
  m.store(second_stage<Modulus>(m, curve, point, effort), both);
}

}  // namespace flynn::simd
