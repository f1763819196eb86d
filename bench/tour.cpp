#include <fmt/format.h>

#include <algorithm>

#include <bench/format.hpp>
#include <bench/host_info.hpp>
#include <bench/tour.hpp>

namespace flynn::bench {
namespace {

struct Place {
  std::string_view workload, type;
};

Group group_of(const Place& place, std::size_t n, const Backends& backends) {
  return {&subject_of(place.workload, place.type), n, backends.usable()};
}

std::size_t size_of(std::string_view type) { return type.ends_with("64") ? 8 : 4; }

/// The largest power of two up to `wanted` bytes of which the eight arrays of a trial fit in half of the free memory.
std::size_t affordable(std::size_t wanted) {
  std::size_t bytes = wanted;
  while (bytes > (1 << 20) && 16 * bytes > available_memory()) bytes /= 2;
  return bytes;
}

Sight arrays(const std::string& title, std::size_t bytes, std::span<const Place> places, const Backends& backends) {
  Sight sight{fmt::format("{}, {} an array", title, bytes_text(double(bytes))), {}};
  for (const Place& place : places) sight.groups.push_back(group_of(place, bytes / size_of(place.type), backends));
  return sight;
}

}  // namespace

std::vector<Sight> tour(const Backends& backends) {
  constexpr Place in_cache[] = {{"copy", "f32"}, {"sum", "i32"}, {"max", "u32"}, {"sum", "i64"}, {"min", "u64"}};
  // One of each family first: where the minute is over before all is measured, the last ones are missing.
  constexpr Place in_memory[] = {{"scan", "f32"},  {"axpy", "f32"}, {"sum", "f32"},
                                 {"triad", "f64"}, {"dot", "f64"},  {"argmax", "f32"}};
  std::vector<Sight> sights;
  sights.push_back(
      {"Factors of 10,000 random integers in [20000, 100000000]", {group_of({"factorize", "u64"}, 10'000, backends)}});
  sights.push_back(arrays("Vectors in the caches", 256 << 10, in_cache, backends));
  sights.push_back({"Matrix products of order 512",
                    {group_of({"gemm", "f32"}, 512, backends), group_of({"gemm", "f64"}, 512, backends)}});
  sights.push_back(arrays("Vectors in memory", affordable(128 << 20), in_memory, backends));
  return sights;
}

Rules tour_rules(const Rules& rules, double elapsed_seconds, std::size_t figures_left) {
  Rules shorter = rules;
  // A noisy figure is sampled for 4 min_seconds; inputs, ceilings and verification take half as much again.
  shorter.min_seconds = std::clamp((40 - elapsed_seconds) / double(figures_left) / 6, 0.02, 0.1);
  shorter.warmup_seconds = 0.05;
  return shorter;
}

}  // namespace flynn::bench
