#include <flynn/flynn.hpp>

namespace flynn {
namespace {

using Spec64 = Factorize<std::uint64_t>;

/// Appends the rows that a kernel packed, group by group.
void append(const Spec64& batch, Factors& factors) {
  const std::size_t n = batch.numbers.size();
  for (std::size_t begin = 0; begin < n; begin += Spec64::group) {
    const std::size_t end = std::min(n, begin + Spec64::group), window = Spec64::row_capacity * begin;
    std::size_t rows = 0;
    for (std::size_t i = begin; i < end; ++i) {
      rows += batch.counts[i];
      factors.offsets.push_back(factors.primes.size() + rows);
    }
    factors.primes.insert(factors.primes.end(), &batch.primes[window], &batch.primes[window] + rows);
    factors.exponents.insert(factors.exponents.end(), &batch.exponents[window], &batch.exponents[window] + rows);
  }
}

}  // namespace

Result<Factors> try_factorize(std::span<const std::uint64_t> numbers, const Options& options) {
  // One batch's windows are 9 MiB, whatever the count; a fork and join each costs a thousandth of the work in it.
  constexpr std::size_t batch_size = 65536;
  try {
    const std::size_t room = std::min(numbers.size(), batch_size);
    const Buffer primes = make_buffer<std::uint64_t>(Spec64::row_capacity * room);
    const Buffer exponents = make_buffer<std::uint8_t>(Spec64::row_capacity * room),
                 counts = make_buffer<std::uint8_t>(room);
    Factors factors;
    factors.offsets.reserve(numbers.size() + 1);
    std::size_t begin = 0;
    do {  // once even for no numbers: backend and report are checked and filled all the same
      const std::size_t n = std::min(numbers.size() - begin, batch_size), window = Spec64::row_capacity * n;
      const Spec64 batch{numbers.subspan(begin, n), primes.as<std::uint64_t>().first(window),
                         exponents.as<std::uint8_t>().first(window), counts.as<std::uint8_t>().first(n)};
      if (auto done = try_run(batch, options); !done) return tl::unexpected(std::move(done.error()));
      append(batch, factors);
      begin += n;
    } while (begin < numbers.size());
    return factors;
  } catch (const std::bad_alloc&) {
    return tl::unexpected(Error(
        Code::out_of_memory, "factorize: no memory for the factors of " + std::to_string(numbers.size()) + " numbers"));
  }
}

}  // namespace flynn
