#pragma once
#include <cstddef>
#include <cstdint>

#include <flynn/mp/callable.hpp>

namespace flynn::mp {

/// The head of a call or of its answer in shared memory. What follows it, or lies in a parcel, are `bytes` of a Writer.
struct Frame {
  enum class Kind : std::uint32_t { call = 1, result, failure };

  std::uint32_t magic = 0, version = 0;
  Kind kind = {};
  std::uint32_t item = 0;      ///< failure: which set of arguments it was
  std::uint64_t sequence = 0;  ///< an answer has that of its call
  std::uint64_t bytes = 0;
  std::uint64_t parcel = 0;  ///< the shared memory that has the bytes; 0: they follow
  std::uint64_t trail = 0;   ///< so many bytes of numbers are in the parcel instead (see Trail)
  detail::CodePlace code = {}, target = {};
  std::uint64_t check = 0;  ///< of all that stands before it

  bool is_in_parcel() const { return parcel != 0 && trail == 0; }
};

/// Fills in what makes it sound.
void seal(Frame& frame);
/// Whether it is a frame of ours, complete, and the one that is expected. `room`: how many bytes may follow it.
bool is_sound(const Frame& frame, std::uint64_t sequence, std::size_t room);

}  // namespace flynn::mp
