// The parallel algorithms of the C++ standard library, which run on oneTBB; on one thread their vectorised form.

#include <oneapi/tbb/global_control.h>
#include <oneapi/tbb/version.h>

#include <algorithm>
#include <execution>
#include <functional>
#include <numeric>
#include <optional>

#include <bench/peers/peer.hpp>

namespace flynn::bench {
namespace {

unsigned threads = 1;
std::optional<tbb::global_control> limit;

void use_threads(unsigned count) {
  threads = count;
  limit.emplace(tbb::global_control::max_allowed_parallelism, count);
}

/// Calls f with the policy for the threads that were asked for.
auto with_policy(auto&& f) { return threads == 1 ? f(std::execution::unseq) : f(std::execution::par_unseq); }

auto* end(const auto& view) { return view.data + view.size(); }

void copy(auto& w) {
  with_policy([&](auto& p) { return std::copy(p, w.x.data, end(w.x), w.y.data); });
}
void mul(auto& w) {
  with_policy(
      [&](auto& p) { return std::transform(p, w.x.data, end(w.x), w.y.data, [a = w.a](auto x) { return a * x; }); });
}
void add(auto& w) {
  with_policy([&](auto& p) { return std::transform(p, w.x.data, end(w.x), w.y.data, w.z.data, std::plus()); });
}
void triad(auto& w) {
  with_policy([&](auto& p) {
    return std::transform(p, w.x.data, end(w.x), w.y.data, w.z.data, [a = w.a](auto x, auto y) { return x + a * y; });
  });
}
void axpy(auto& w) {
  with_policy([&](auto& p) {
    return std::transform(p, w.x.data, end(w.x), w.y.data, w.y.data, [a = w.a](auto x, auto y) { return a * x + y; });
  });
}
void sum(auto& w) {
  w.result[0] = with_policy([&](auto& p) { return std::reduce(p, w.x.data, end(w.x)); });
}
void dot(auto& w) {
  using T = std::remove_reference_t<decltype(w.result[0])>;
  w.result[0] = with_policy([&](auto& p) { return std::transform_reduce(p, w.x.data, end(w.x), w.y.data, T(0)); });
}
void min(auto& w) {
  w.result[0] = with_policy([&](auto& p) {
    return std::reduce(p, w.x.data, end(w.x), w.x[0], [](auto a, auto b) { return b < a ? b : a; });
  });
}
void max(auto& w) {
  w.result[0] = with_policy([&](auto& p) {
    return std::reduce(p, w.x.data, end(w.x), w.x[0], [](auto a, auto b) { return a < b ? b : a; });
  });
}
void scan(auto& w) {
  with_policy([&](auto& p) {
    if (w.exclusive) return std::exclusive_scan(p, w.x.data, end(w.x), w.y.data, w.init, std::plus());
    return std::inclusive_scan(p, w.x.data, end(w.x), w.y.data, std::plus(), w.init);
  });
}

constexpr PeerKernel kernels[] = {
    peer_kernel<Copy<float>, copy<Copy<float>>>(),    peer_kernel<Copy<double>, copy<Copy<double>>>(),
    peer_kernel<Mul<float>, mul<Mul<float>>>(),       peer_kernel<Mul<double>, mul<Mul<double>>>(),
    peer_kernel<Add<float>, add<Add<float>>>(),       peer_kernel<Add<double>, add<Add<double>>>(),
    peer_kernel<Triad<float>, triad<Triad<float>>>(), peer_kernel<Triad<double>, triad<Triad<double>>>(),
    peer_kernel<Axpy<float>, axpy<Axpy<float>>>(),    peer_kernel<Axpy<double>, axpy<Axpy<double>>>(),
    peer_kernel<Sum<float>, sum<Sum<float>>>(),       peer_kernel<Sum<double>, sum<Sum<double>>>(),
    peer_kernel<Dot<float>, dot<Dot<float>>>(),       peer_kernel<Dot<double>, dot<Dot<double>>>(),
    peer_kernel<Min<float>, min<Min<float>>>(),       peer_kernel<Min<double>, min<Min<double>>>(),
    peer_kernel<Max<float>, max<Max<float>>>(),       peer_kernel<Max<double>, max<Max<double>>>(),
    peer_kernel<Scan<float>, scan<Scan<float>>>(),    peer_kernel<Scan<double>, scan<Scan<double>>>(),
};

}  // namespace
}  // namespace flynn::bench

const flynn::bench::Peer flynn_peer = {
    .version = flynn::bench::Peer::current,
    .build_id = FLYNN_BUILD_ID,
    .name = "onetbb",
    .release = [] { return TBB_VERSION_STRING; },
    .use_threads = flynn::bench::use_threads,
    .kernels = flynn::bench::kernels,
};
