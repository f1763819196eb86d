#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>

#include <flynn/shared_vector.hpp>

namespace flynn {

/// Where an address lies in the shared memory of this process.
struct SharedPlace {
  std::uint64_t id;    ///< of the SharedMemory
  std::size_t offset;  ///< bytes from its begin
  std::size_t bytes;   ///< of all of it
  int file;
};

/// Empty when [data, data + bytes) is not all in one SharedMemory. O(log n) of n of them.
std::optional<SharedPlace> find_shared(const void* data, std::size_t bytes);

inline SharedPlace place_of_all(const SharedMemory& memory) { return {memory.id(), 0, memory.bytes(), memory.file()}; }

/// Whether that memory still exists.
bool is_shared(std::uint64_t id);
/// What has handles in this process already, by its id; else none.
detail::SharedRef find_shared_memory(std::uint64_t id);
/// What another process has sent; none when it is not what a SharedMemory makes. Takes the descriptor.
detail::SharedRef receive_shared_memory(int file, std::size_t bytes, std::uint64_t id);

/// Counts the SharedMemory objects that went away; unchanged means that what existed does.
std::uint64_t shared_memory_losses();

}  // namespace flynn
