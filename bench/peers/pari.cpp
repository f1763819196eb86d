// PARI's factoru, a number at a time.

#include <string>

#include <bench/peers/rows.hpp>

#include <pari/pari.h>

namespace flynn::bench {
namespace {

constexpr std::size_t stack_bytes = 8 << 20;
unsigned threads = 1;

/// PARI's state for this thread; its first thread has it already.
class State {
 public:
  explicit State(bool is_first) : is_first_(is_first) {
    if (is_first_) return;
    pari_thread_alloc(&thread_, stack_bytes, nullptr);
    pari_thread_start(&thread_);
  }
  ~State() {
    if (is_first_) return;
    pari_thread_close();
    pari_thread_free(&thread_);
  }

 private:
  bool is_first_;
  pari_thread thread_ = {};
};

void factorize(Numbers& w) {
  by_parts(w, threads, [&](Rows& rows, std::size_t begin, std::size_t end) {
    const State state(begin == 0);
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
