// FLINT's n_factor, a number at a time, every prime proven.

#include <bench/peers/rows.hpp>

#include <flint/flint.h>
#include <flint/ulong_extras.h>

namespace flynn::bench {
namespace {

unsigned threads = 1;

void factorize(Numbers& w) {
  by_parts(w, threads, [&](unsigned, Rows& rows, std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i) {
      rows.begin();
      n_factor_t factors;
      n_factor_init(&factors);
      if (w.numbers[i] > 1) n_factor(&factors, w.numbers[i], 1);
      for (int j = 0; j < factors.num; ++j) rows.add(factors.p[j], unsigned(factors.exp[j]));
      rows.end();
    }
  });
}

constexpr PeerKernel kernels[] = {peer_kernel<Numbers, factorize>()};

}  // namespace
}  // namespace flynn::bench

const flynn::bench::Peer flynn_peer = {
    .version = flynn::bench::Peer::current,
    .build_id = FLYNN_BUILD_ID,
    .name = "flint",
    .release = [] { return FLINT_VERSION; },
    .use_threads = [](unsigned threads) { flynn::bench::threads = threads; },
    .kernels = flynn::bench::kernels,
};
