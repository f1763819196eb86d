#include <cpu_fallback/small_primes.hpp>
#include <kernels/kernels.hpp>

namespace flynn::kernels {
namespace {

constexpr scalar::PrimeTable<std::uint64_t, scalar::trial_primes> table;

constexpr auto widened_primes = [] {
  std::array<std::uint64_t, table.size> primes = {};
  for (std::size_t k = 0; k < table.size; ++k) primes[k] = table.prime[k];
  return primes;
}();

}  // namespace

template <class Queue, class T>
void factorize(Queue& queue, const Factorize<T>& w) {
  const std::size_t n = w.numbers.size();
  if (n == 0) return;
  const auto rows = queue.template scratch<T>(Factorize<T>::row_capacity * n);
  const auto powers = queue.template scratch<std::uint8_t>(Factorize<T>::row_capacity * n);
  const auto numbers = queue.buffer(w.numbers), counts = queue.buffer(w.counts);
  const auto primes = queue.buffer(In<T>(widened_primes)), inverses = queue.buffer(In<T>(table.inverse, table.size)),
             limits = queue.buffer(In<T>(table.limit, table.size));
  // The hardest number takes a CPU core 2 ms; the numbers of a launch keep a GPU busy, and a few cores for 0.1 s.
  const std::size_t slice = queue.is_cpu() ? 256 : 65536, group = queue.is_cpu() ? 16 : 64;
  for (std::size_t begin = 0; begin < n; begin += slice) {
    const std::size_t end = std::min(n, begin + slice);
    queue.launch(entry<T>("factorize", "k_factorize"), ceil_div(end - begin, group), group, begin, end, numbers, rows,
                 powers, counts, primes, inverses, limits, std::uint32_t{table.size}, T{scalar::first_untried_prime});
  }
  queue.launch(entry<T>("factorize", "k_pack"), ceil_div(n, Factorize<T>::group), 64, n, rows, powers, counts,
               queue.buffer(w.primes), queue.buffer(w.exponents));
}

template void factorize(FLYNN_DEVICE::Queue&, const Factorize<std::uint64_t>&);

}  // namespace flynn::kernels
