// Plain loops with OpenMP, compiled for this machine.

#include <omp.h>

#include <bench/peers/peer.hpp>

namespace flynn::bench {
namespace {

void copy(auto& w) {
  const auto* const x = w.x.data;
  auto* const y = w.y.data;
#pragma omp parallel for simd
  for (std::size_t i = 0; i < w.x.size(); ++i) y[i] = x[i];
}
void mul(auto& w) {
  const auto* const x = w.x.data;
  auto* const y = w.y.data;
  const auto a = w.a;
#pragma omp parallel for simd
  for (std::size_t i = 0; i < w.x.size(); ++i) y[i] = a * x[i];
}
void add(auto& w) {
  const auto *const x = w.x.data, *const y = w.y.data;
  auto* const z = w.z.data;
#pragma omp parallel for simd
  for (std::size_t i = 0; i < w.x.size(); ++i) z[i] = x[i] + y[i];
}
void triad(auto& w) {
  const auto *const x = w.x.data, *const y = w.y.data;
  auto* const z = w.z.data;
  const auto a = w.a;
#pragma omp parallel for simd
  for (std::size_t i = 0; i < w.x.size(); ++i) z[i] = x[i] + a * y[i];
}
void axpy(auto& w) {
  const auto* const x = w.x.data;
  auto* const y = w.y.data;
  const auto a = w.a;
#pragma omp parallel for simd
  for (std::size_t i = 0; i < w.x.size(); ++i) y[i] += a * x[i];
}
template <class T>
void sum(Sum<T>& w) {
  const T* const x = w.x.data;
  T all = 0;
#pragma omp parallel for simd reduction(+ : all)
  for (std::size_t i = 0; i < w.x.size(); ++i) all += x[i];
  w.result[0] = all;
}
template <class T>
void dot(Dot<T>& w) {
  const T *const x = w.x.data, *const y = w.y.data;
  T all = 0;
#pragma omp parallel for simd reduction(+ : all)
  for (std::size_t i = 0; i < w.x.size(); ++i) all += x[i] * y[i];
  w.result[0] = all;
}
template <class T>
void min(Min<T>& w) {
  const T* const x = w.x.data;
  T all = x[0];
#pragma omp parallel for simd reduction(min : all)
  for (std::size_t i = 0; i < w.x.size(); ++i) all = x[i] < all ? x[i] : all;
  w.result[0] = all;
}
template <class T>
void max(Max<T>& w) {
  const T* const x = w.x.data;
  T all = x[0];
#pragma omp parallel for simd reduction(max : all)
  for (std::size_t i = 0; i < w.x.size(); ++i) all = x[i] > all ? x[i] : all;
  w.result[0] = all;
}
/// Inclusive only.
template <class T>
void scan(Scan<T>& w) {
  const T* const x = w.x.data;
  T* const y = w.y.data;
  T all = w.init;
#pragma omp parallel for simd reduction(inscan, + : all)
  for (std::size_t i = 0; i < w.x.size(); ++i) {
    all += x[i];
#pragma omp scan inclusive(all)
    y[i] = all;
  }
}

constexpr PeerKernel kernels[] = {
    peer_kernel<Copy<float>, copy<Copy<float>>>(),
    peer_kernel<Copy<double>, copy<Copy<double>>>(),
    peer_kernel<Mul<float>, mul<Mul<float>>>(),
    peer_kernel<Mul<double>, mul<Mul<double>>>(),
    peer_kernel<Add<float>, add<Add<float>>>(),
    peer_kernel<Add<double>, add<Add<double>>>(),
    peer_kernel<Triad<float>, triad<Triad<float>>>(),
    peer_kernel<Triad<double>, triad<Triad<double>>>(),
    peer_kernel<Axpy<float>, axpy<Axpy<float>>>(),
    peer_kernel<Axpy<double>, axpy<Axpy<double>>>(),
    peer_kernel<Sum<float>, sum<float>>(),
    peer_kernel<Sum<double>, sum<double>>(),
    peer_kernel<Dot<float>, dot<float>>(),
    peer_kernel<Dot<double>, dot<double>>(),
    peer_kernel<Min<float>, min<float>>(),
    peer_kernel<Min<double>, min<double>>(),
    peer_kernel<Max<float>, max<float>>(),
    peer_kernel<Max<double>, max<double>>(),
    peer_kernel<Scan<float>, scan<float>>(),
    peer_kernel<Scan<double>, scan<double>>(),
};

}  // namespace
}  // namespace flynn::bench

const flynn::bench::Peer flynn_peer = {
    .version = flynn::bench::Peer::current,
    .build_id = FLYNN_BUILD_ID,
    .name = "openmp",
    .release = [] { return "GCC " __VERSION__; },
    .use_threads = [](unsigned threads) { omp_set_num_threads(int(threads)); },
    .kernels = flynn::bench::kernels,
};
