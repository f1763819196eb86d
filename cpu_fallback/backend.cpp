#include <cpu_fallback/kernels.hpp>
#include <flynn/backend.hpp>

namespace flynn::scalar {
namespace {

Status probe(Text&) { return {}; }

constexpr Row rows[] = {
    row<Copy<float>, &copy<float>>(),
    row<Copy<double>, &copy<double>>(),
    row<Mul<float>, &mul<float>>(),
    row<Mul<double>, &mul<double>>(),
    row<Add<float>, &add<float>>(),
    row<Add<double>, &add<double>>(),
    row<Axpy<float>, &axpy<float>>(),
    row<Axpy<double>, &axpy<double>>(),
    row<Triad<float>, &triad<float>>(),
    row<Triad<double>, &triad<double>>(),
    row<Sum<float>, &sum<float>>(),
    row<Sum<double>, &sum<double>>(),
    row<Sum<std::int32_t>, &sum<std::int32_t>>(),
    row<Sum<std::uint32_t>, &sum<std::uint32_t>>(),
    row<Sum<std::int64_t>, &sum<std::int64_t>>(),
    row<Sum<std::uint64_t>, &sum<std::uint64_t>>(),
    row<Dot<float>, &dot<float>>(),
    row<Dot<double>, &dot<double>>(),
    row<Norm2<float>, &norm2<float>>(),
    row<Norm2<double>, &norm2<double>>(),
    row<Min<float>, &min<float>>(),
    row<Min<double>, &min<double>>(),
    row<Min<std::int32_t>, &min<std::int32_t>>(),
    row<Min<std::uint32_t>, &min<std::uint32_t>>(),
    row<Min<std::int64_t>, &min<std::int64_t>>(),
    row<Min<std::uint64_t>, &min<std::uint64_t>>(),
    row<Max<float>, &max<float>>(),
    row<Max<double>, &max<double>>(),
    row<Max<std::int32_t>, &max<std::int32_t>>(),
    row<Max<std::uint32_t>, &max<std::uint32_t>>(),
    row<Max<std::int64_t>, &max<std::int64_t>>(),
    row<Max<std::uint64_t>, &max<std::uint64_t>>(),
    row<Argmin<float>, &argmin<float>>(),
    row<Argmin<double>, &argmin<double>>(),
    row<Argmax<float>, &argmax<float>>(),
    row<Argmax<double>, &argmax<double>>(),
    row<Scan<float>, &scan<float>>(),
    row<Scan<double>, &scan<double>>(),
    row<Scan<std::int32_t>, &scan<std::int32_t>>(),
    row<Scan<std::uint32_t>, &scan<std::uint32_t>>(),
    row<Scan<std::int64_t>, &scan<std::int64_t>>(),
    row<Scan<std::uint64_t>, &scan<std::uint64_t>>(),
    row<Gemm<float>, &gemm<float>>(),
    row<Gemm<double>, &gemm<double>>(),
    row<Factorize<std::uint64_t>, &factorize<std::uint64_t>>(),
};

}  // namespace

const Backend backend = {
    .name = "scalar", .kind = FlynnClass::sisd, .probe = probe, .rows = rows, .row_count = std::size(rows)};

}  // namespace flynn::scalar
