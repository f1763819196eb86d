#pragma once
// The elliptic curve method: every lane has a number of its own and all walk through the same program. (Lenstra,
// "Factoring integers with elliptic curves", 1987; Montgomery, "Speeding the Pollard and elliptic curve methods of
// factorization", 1987.)

#include <simd/factorize/modulus.hpp>

namespace flynn::simd {

/// How far one curve goes: it finds a prime p when the order of the curve modulo p divides the product of all prime
/// powers up to b1, times one prime up to b2 (some of the multiples of `stride` are left out).
struct Effort {
  /// A prime factor of that product, and where its chain begins: 2 begin - prime and prime - begin go through Euclid's
  /// algorithm, and each of its steps adds two points whose difference is known. (Montgomery, "Evaluating recurrences
  /// of form X(m+n) = f(X(m), X(n), X(m-n)) via Lucas chains", 1983.)
  struct Chain {
    std::uint16_t prime, begin;
  };
  Chain chain[80] = {};
  unsigned chains = 0, doublings = 0;
  unsigned stride, giants;

  constexpr Effort(unsigned b1, unsigned b2, unsigned stride_) : stride(stride_), giants(b2 / stride_) {
    for (unsigned power = 2; power <= b1; power *= 2) ++doublings;
    for (unsigned p = 3; p <= b1; p += 2) {
      bool prime = true;
      for (unsigned d = 3; d * d <= p; d += 2) prime = prime && p % d != 0;
      for (unsigned power = p; prime && power <= b1; power *= p)
        chain[chains++] = {static_cast<std::uint16_t>(p), static_cast<std::uint16_t>(best_begin(p))};
    }
  }

 private:
  /// Subtractions of Euclid's algorithm, or more than there are chains when it does not end with 1.
  static constexpr unsigned steps(unsigned d, unsigned e) {
    unsigned count = 0;
    for (; d != e; ++count) d > e ? d -= e : e -= d;
    return d == 1 ? count : 1000;
  }
  static constexpr unsigned best_begin(unsigned p) {
    unsigned best = (p + 1) / 2, least = 2000;
    for (unsigned r = (p + 1) / 2; r < p; ++r)
      if (const unsigned count = steps(p - r, 2 * r - p); count < least) best = r, least = count;
    return best;
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
    const V s = m.enter(sigma), u = m.mul(m.sub(m.square(s), m.enter(5)), m.one), v = m.mul(m.enter(4), s);
    const V u3 = m.mul(m.square(u), u), difference = m.sub(v, u);
    numerator_ = m.mul(m.mul(m.square(difference), difference), m.add(m.mul(m.enter(3), u), v));
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
  /// chain.prime times p. All along prime * p = d a + e b, and c = a - b or b - a.
  Point times(const Effort::Chain& chain, const Point& p) const {
    Point point[3] = {twice(p), p, p};
    unsigned a = 0, b = 1, c = 2, d = chain.prime - chain.begin, e = 2 * chain.begin - chain.prime;
    while (d != e) {
      if (d < e) {
        const unsigned other = d, swapped = a;
        d = e, e = other;
        a = b, b = swapped;
      }
      d -= e;
      point[c] = add(point[a], point[b], point[c]);
      const unsigned sum = c;
      c = b, b = sum;
    }
    return add(point[a], point[b], point[c]);
  }
};

/// Limits of the second stage's tables: of stride, of the numbers below half of it without a common factor, of giants.
inline constexpr unsigned most_stride = 210, most_babies = 24, most_giants = 72;

/// Brings points to a common z and writes their x: each times the z of all others.
template <class Modulus>
void to_common_z(const Modulus& m, const typename Curve<Modulus>::Point* points, unsigned count,
                 typename Modulus::V* x) {
  typename Modulus::V product = m.one;
  for (unsigned i = 0; i < count; ++i) {
    x[i] = product;
    product = m.mul(product, points[i].z);
  }
  product = m.one;
  for (unsigned i = count; i-- > 0;) {
    x[i] = m.mul(m.mul(x[i], product), points[i].x);
    product = m.mul(product, points[i].z);
  }
}

/// The second stage: a value that is 0 modulo p when some k stride +- j annihilates q modulo p, for 1 <= k <= giants
/// and j < stride / 2 without a common factor with stride. With k stride q = (X : z) and j q = (x : z), X - x is 0
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
  Point points[most_babies + most_giants];
  unsigned babies = 0;
  for (unsigned j = 1; j < half; j += 2)
    if (j == 1 || (j % 3 != 0 && j % 5 != 0 && (j % 7 != 0 || effort.stride % 7 != 0))) points[babies++] = odd[j / 2];
  // stride = (half + 1) + (half - 1) for even halves and (half + 2) + (half - 2) for odd ones
  const unsigned apart = reach - half;
  const Point step = curve.add(odd[reach / 2], odd[(half - apart) / 2], apart == 1 ? two : curve.twice(two));
  Point* const giant = points + babies;
  giant[0] = step;
  giant[1] = curve.twice(step);
  for (unsigned k = 2; k < effort.giants; ++k) giant[k] = curve.add(giant[k - 1], step, giant[k - 2]);
  V x[most_babies + most_giants];
  to_common_z<Modulus>(m, points, babies + effort.giants, x);
  V product = m.one, product2 = m.one;
  for (unsigned k = babies; k < babies + effort.giants; ++k)
    for (unsigned b = 0; b < babies; b += 2) {  // there is an even number of them, and one chain would wait
      product = m.mul(product, m.sub(x[k], x[b]));
      product2 = m.mul(product2, m.sub(x[k], x[b + 1]));
    }
  return m.mul(product, product2);
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
  for (unsigned i = 0; i < effort.chains; ++i) point = curve.times(effort.chain[i], point);
  m.store(point.z, first);
  m.store(second_stage<Modulus>(m, curve, point, effort), both);
}

}  // namespace flynn::simd
