#pragma once
// A workload as the bench sees it: without its type. Everything is generic over AllSpecs and Sample; a new workload
// needs nothing here.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

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

/// The memory of a view.
struct Operand {
  void* data;
  std::size_t bytes;
  Access access;
};

/// A spec in memory of its own, whose values are not set.
class Work {
 public:
  virtual ~Work() = default;
  virtual void* spec() = 0;
  virtual std::vector<Operand> operands() = 0;
};

/// One workload for one element type and size, in memory, ready to run any number of times.
class Trial : public Work {
 public:
  virtual Cost cost() const = 0;
  /// Runs it `count` times over the same memory.
  virtual Result<void> run(std::size_t count, const Options& options) = 0;
  /// Gives the inputs their first values again and the outputs values that no right answer has.
  virtual void restore() = 0;
  /// Restores, runs once and judges what came out.
  virtual Result<Verdict> verify(const Options& options) = 0;
  /// Judges what a peer wrote into the operands after restore().
  virtual Verdict judge_peer() = 0;
  /// Spoils the answer of the last verify() and judges again. Must not pass.
  virtual Verdict verify_planted_error() = 0;
};

/// A workload for one element type and kind of input.
struct Subject {
  SpecInfo info;
  std::string_view params;  ///< of its Sample; empty: the usual kind
  Cost (*cost)(std::size_t n);
  Traffic (*traffic)(std::size_t n);
  /// Memory that measuring it takes: inputs and outputs, once more for the reference and for the ceiling, and what
  /// restore() copies back.
  double (*bytes)(std::size_t n);
  /// Throws std::bad_alloc also when the machine has less free than bytes(n): the kernel would grant memory that is not
  /// there and kill who touches it.
  std::unique_ptr<Trial> (*prepare)(std::size_t n, std::uint64_t seed);
  /// The same memory without values and for one call alone. Throws std::bad_alloc likewise.
  std::unique_ptr<Work> (*allocate)(std::size_t n);
};

/// One for each of AllSpecs and each of its kinds of input, in its order.
std::span<const Subject> subjects();

}  // namespace flynn::bench
