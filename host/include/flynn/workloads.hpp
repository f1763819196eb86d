#pragma once
// The one list of workloads. Tables, tests and the bench are generated from it.

#include <array>
#include <cstddef>
#include <cstdint>

#include <flynn/spec.hpp>
#include <flynn/workloads/add.hpp>
#include <flynn/workloads/argmax.hpp>
#include <flynn/workloads/argmin.hpp>
#include <flynn/workloads/axpy.hpp>
#include <flynn/workloads/copy.hpp>
#include <flynn/workloads/dot.hpp>
#include <flynn/workloads/factorize.hpp>
#include <flynn/workloads/gemm.hpp>
#include <flynn/workloads/max.hpp>
#include <flynn/workloads/min.hpp>
#include <flynn/workloads/mul.hpp>
#include <flynn/workloads/norm2.hpp>
#include <flynn/workloads/scan.hpp>
#include <flynn/workloads/sum.hpp>
#include <flynn/workloads/triad.hpp>

namespace flynn {

template <class... W>
struct SpecList {
  static constexpr std::size_t size = sizeof...(W);
  static constexpr std::array<SpecInfo, size> infos = {spec_info<W>()...};

  /// Calls f.template operator()<W>() for each.
  static constexpr void each(auto&& f) { (f.template operator()<W>(), ...); }
};

namespace detail {
/// A workload for the element types that it has.
template <template <class> class W, class... T>
using For = SpecList<W<T>...>;
template <template <class> class W>
using ForFloats = For<W, float, double>;
template <template <class> class W>
using ForNumbers = For<W, float, double, std::int32_t, std::uint32_t, std::int64_t, std::uint64_t>;

template <class... L>
struct Joined;
template <class... A>
struct Joined<SpecList<A...>> {
  using type = SpecList<A...>;
};
template <class... A, class... B, class... Rest>
struct Joined<SpecList<A...>, SpecList<B...>, Rest...> : Joined<SpecList<A..., B...>, Rest...> {};
}  // namespace detail

/// Every workload for every element type.
using AllSpecs = detail::Joined<
    // vector
    detail::ForFloats<Copy>, detail::ForFloats<Mul>, detail::ForFloats<Add>, detail::ForFloats<Axpy>,
    detail::ForFloats<Triad>,
    // reduce
    detail::ForNumbers<Sum>, detail::ForFloats<Dot>, detail::ForFloats<Norm2>, detail::ForNumbers<Min>,
    detail::ForNumbers<Max>, detail::ForFloats<Argmin>, detail::ForFloats<Argmax>,
    // scan
    detail::ForNumbers<Scan>,
    // gemm
    detail::ForFloats<Gemm>,
    // factorize
    detail::For<Factorize, std::uint64_t>>::type;

/// The place of a spec in AllSpecs.
template <class W>
constexpr std::size_t spec_index() {
  constexpr std::uint32_t id = spec_info<W>().id;
  std::size_t i = 0;
  while (AllSpecs::infos[i].id != id) ++i;
  return i;
}

}  // namespace flynn
