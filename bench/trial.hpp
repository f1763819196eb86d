#pragma once
// A workload as the bench sees it: without its type. Everything is generic over AllSpecs and Sample; a new workload
// needs nothing here.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include <flynn/flynn.hpp>
#include <tests/samples/sample.hpp>

namespace flynn::bench {

using samples::Verdict;

/// What a call moves, for the bandwidth that bounds it.
struct Traffic {
  std::size_t view_bytes = 0;              ///< of the largest view
  int reads = 0, writes = 0, updates = 0;  ///< how many views of about that size are read, overwritten, changed
  auto operator<=>(const Traffic&) const = default;
};

/// One workload for one element type and size, in memory, ready to run any number of times.
class Trial {
 public:
  virtual ~Trial() = default;
  virtual Cost cost() const = 0;
  /// Runs it `count` times over the same memory.
  virtual Result<void> run(std::size_t count, const Options& options) = 0;
  /// Gives the inputs their first values again and the outputs values that no right answer has.
  virtual void restore() = 0;
  /// Restores, runs once and judges what came out.
  virtual Result<Verdict> verify(const Options& options) = 0;
  /// Spoils the answer of the last verify() and judges again. Must not pass.
  virtual Verdict verify_planted_error() = 0;
};

/// A workload for one element type.
struct Subject {
  SpecInfo info;
  Cost (*cost)(std::size_t n);
  Traffic (*traffic)(std::size_t n);
  /// Memory that measuring it takes: inputs and outputs, once more for the reference and for the ceiling, and what
  /// restore() copies back.
  double (*bytes)(std::size_t n);
  /// Throws std::bad_alloc also when the machine has less free than bytes(n): the kernel would grant memory that is not
  /// there and kill who touches it.
  std::unique_ptr<Trial> (*prepare)(std::size_t n, std::uint64_t seed);
};

/// One for each of AllSpecs, in its order.
std::span<const Subject> subjects();

}  // namespace flynn::bench
