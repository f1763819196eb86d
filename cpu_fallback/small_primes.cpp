#include <cpu_fallback/small_primes.hpp>

namespace flynn::scalar {

constexpr PrimeTable<std::uint32_t, odd_primes> primes_u32;
constexpr PrimeTable<std::uint64_t, trial_primes> primes_u64;

static_assert(primes_u32.prime[odd_primes - 1] == 65521 && primes_u64.prime[trial_primes - 1] == 463);

}  // namespace flynn::scalar
