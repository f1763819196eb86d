#include <algorithm>

#include <host/cut/staging.hpp>

namespace flynn {

/// Whole rows, so that what lies between those of a matrix stays untouched; in pieces of about 1 ms.
Status Staging::move(void* to, const void* from, const Copy& shape) {
  constexpr std::size_t piece = std::size_t{4} << 20;
  const std::int64_t begin = monotonic_ns();
  for (std::size_t row = 0; row < shape.rows; ++row)
    for (std::size_t at = 0; at < shape.bytes; at += piece) {
      if (const Status s = poll(execution_); !s.ok()) return s;
      const std::size_t offset = row * shape.pitch + at;
      std::memcpy(static_cast<char*>(to) + offset, static_cast<const char*>(from) + offset,
                  std::min(piece, shape.bytes - at));
    }
  execution_.clocks->bytes_moved += shape.rows * shape.bytes;
  execution_.clocks->transfer_seconds += double(monotonic_ns() - begin) * 1e-9;
  return {};
}

Status Staging::finish() {
  execution_.outputs_kept = false;
  for (const Copy& copy : written_)
    if (const Status s = move(copy.home, copy.there, copy); !s.ok()) return s;
  return {};
}

}  // namespace flynn
