// PARI's factoru, a number at a time.

#include <deque>
#include <string>

#include <bench/peers/rows.hpp>

#include <pari/pari.h>

namespace flynn::bench {
namespace {

constexpr std::size_t stack_bytes = 8 << 20;
unsigned threads = 1;

/// PARI's state for another thread than the one that called pari_init(), which makes and frees it.
class State {
 public:
  State() { pari_thread_alloc(&thread_, stack_bytes, nullptr); }
  State(const State&) = delete;
  ~State() { pari_thread_free(&thread_); }
  void start() { pari_thread_start(&thread_); }

 private:
  pari_thread thread_ = {};
};

void factorize(Numbers& w) {
  std::deque<State> states(threads - 1);
  by_parts(w, threads, [&](unsigned part, Rows& rows, std::size_t begin, std::size_t end) {
    if (part > 0) states[part - 1].start();
    for (std::size_t i = begin; i < end; ++i) {
      rows.begin();
      if (w.numbers[i] > 1) {
        const pari_sp top = avma;
        const GEN factors = factoru(w.numbers[i]), primes = gel(factors, 1), exponents = gel(factors, 2);
        for (long j = 1; j < lg(primes); ++j) rows.add(ulong(primes[j]), unsigned(exponents[j]));
        set_avma(top);
      }
      rows.end();
    }
    if (part > 0) pari_thread_close();
  });
}

constexpr PeerKernel kernels[] = {peer_kernel<Numbers, factorize>()};

}  // namespace
}  // namespace flynn::bench

const flynn::bench::Peer flynn_peer = {
    .version = flynn::bench::Peer::current,
    .build_id = FLYNN_BUILD_ID,
    .name = "pari",
    .release =
        [] {
          static const auto text = std::to_string(paricfg_version_code >> 16) + "." +
                                   std::to_string(paricfg_version_code >> 8 & 255) + "." +
                                   std::to_string(paricfg_version_code & 255);
          return text.c_str();
        },
    .use_threads =
        [](unsigned threads) {
          [[maybe_unused]] static const bool is_ready = (pari_init(flynn::bench::stack_bytes, 1 << 16), true);
          flynn::bench::threads = threads;
        },
    .kernels = flynn::bench::kernels,
};
