#pragma once
#include <cstddef>
#include <vector>

#include <flynn/buffer.hpp>
#include <flynn/context.hpp>

namespace flynn {

/// What a call reads and overwrites, as it was before the call: a copy of the caller's memory, made only where outputs
/// are inputs too. Arrays need none: a device works on its own copy of them.
class Originals {
 public:
  /// O(bytes of those outputs). Without memory for them there is no copy.
  explicit Originals(const Context::Request& request);

  /// After the call has failed on a device: whether its inputs are what they were; what was overwritten is put back.
  bool restore(const Context::Request& request, const Execution& execution) const;

 private:
  struct Copy {
    std::byte* home;
    std::size_t rows, bytes, pitch;
    Buffer rest;  ///< the rows, one after the other
  };
  std::vector<Copy> copies_;
  bool is_complete_ = true;
};

/// Before a call on a device, and after it has failed there: Arrays whose values were on the host have them again.
void begin_writing(std::span<const Context::Use> arrays);
void take_back(std::span<const Context::Use> arrays);

}  // namespace flynn
