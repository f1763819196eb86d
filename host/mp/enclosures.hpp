#pragma once
// Descriptors that go along with arguments: one for each enclosure, to the process that reads it and to no other, so
// that the end of a pipe is closed when its holder is gone.

#include <cstdint>
#include <utility>
#include <vector>

#include <flynn/mp/archive.hpp>

namespace flynn::mp {

/// Duplicates of the descriptors of a call, for the worker that will ask for them. Throws Error when there is no
/// descriptor left.
class KeptEnclosures {
 public:
  KeptEnclosures() = default;
  explicit KeptEnclosures(const std::vector<Enclosure>& enclosures);
  KeptEnclosures(KeptEnclosures&& other) noexcept : ids_(std::exchange(other.ids_, {})) {}
  KeptEnclosures& operator=(KeptEnclosures&& other) noexcept {
    std::swap(ids_, other.ids_);
    return *this;
  }
  ~KeptEnclosures();

 private:
  std::vector<std::uint64_t> ids_;
};

/// Answers a worker that wants one.
void send_enclosure(int socket, std::uint64_t id);

/// In the process that reads: the descriptor, or -1. `fetch` asks the pool for it, `take` waits for what is on its way.
int fetch_enclosure(std::uint64_t id);
int take_enclosure(std::uint64_t id);

}  // namespace flynn::mp
