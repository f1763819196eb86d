// A peer for the tests of compute_bench, compiled once for each way to behave: FLYNN_FAKE is its name.

#include <unistd.h>

#include <cstdlib>
#include <string_view>

#include <bench/peers/peer.hpp>

namespace flynn::bench {
namespace {

constexpr std::string_view name = FLYNN_FAKE;

void copy(Copy<float>& w) {
  if (name == "crash") std::abort();
  while (name == "hang") pause();
  if (name == "wrong") {  // and the fastest of all
    w.y[0] = w.x[0];
    return;
  }
  const int passes = name == "slow" ? 20 : 1;
  for (int pass = 0; pass < passes; ++pass)
    for (std::size_t i = 0; i < w.x.size(); ++i) static_cast<volatile float*>(w.y.data)[i] = w.x[i];
}

/// What the peer makes elsewhere and brings home untimed.
float elsewhere = 0;
void sum(Sum<float>& w) {
  float all = 0;
  for (std::size_t i = 0; i < w.x.size(); ++i) all += w.x[i];
  elsewhere = all;
}
void take_home(void* spec) { static_cast<Sum<float>*>(spec)->result[0] = elsewhere; }

constexpr PeerKernel kernels[] = {peer_kernel<Copy<float>, copy>(), [] {
                                    PeerKernel kernel = peer_kernel<Sum<float>, sum>(false);
                                    kernel.after = take_home;
                                    return kernel;
                                  }()};

}  // namespace
}  // namespace flynn::bench

const flynn::bench::Peer flynn_peer = {
    .version = flynn::bench::Peer::current,
    .build_id = flynn::bench::name == "alien" ? "another" : FLYNN_BUILD_ID,
    .name = flynn::bench::name,
    .release = [] { return "for tests"; },
    .use_threads = [](unsigned) {},
    .kernels = flynn::bench::kernels,
};
