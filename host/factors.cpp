#include <numeric>

#include <flynn/flynn.hpp>

namespace flynn {
namespace {

using Spec64 = Factorize<std::uint64_t>;

/// Appends the rows that a kernel packed, group by group.
void append(const Spec64& batch, Factors& factors) {
  const std::size_t n = batch.numbers.size();
  // Room for the whole batch, so that at most one older copy of the rows is ever there.
  const std::size_t all = std::reduce(batch.counts.data, batch.counts.data + n, factors.primes.size());
  if (all > factors.primes.capacity()) {
    const std::size_t room = std::max(all, 2 * factors.primes.capacity());
    factors.primes.reserve(room), factors.exponents.reserve(room);
  }
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
  // A fork and join for each batch costs a thousandth of the work in it.
  constexpr std::size_t batch_size = 65536;
  try {
    // The windows are 9 MiB, whatever the count. No huge pages: only those that rows of three or four primes touch
    // are ever there.
    const std::size_t room = std::min(numbers.size(), batch_size);
    const auto primes = std::make_unique_for_overwrite<std::uint64_t[]>(Spec64::row_capacity * room);
    const auto exponents = std::make_unique_for_overwrite<std::uint8_t[]>(Spec64::row_capacity * room),
               counts = std::make_unique_for_overwrite<std::uint8_t[]>(room);
    Factors factors;
    factors.offsets.reserve(numbers.size() + 1);
    std::size_t begin = 0;
    do {  // once even for no numbers: backend and report are checked and filled all the same
      const std::size_t n = std::min(numbers.size() - begin, batch_size), window = Spec64::row_capacity * n;
      const Spec64 batch{
          numbers.subspan(begin, n), {primes.get(), window}, {exponents.get(), window}, {counts.get(), n}};
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
