#include <flynn/buffer.hpp>
#include <host/pools/scratch.hpp>

namespace flynn {

void* thread_scratch(std::size_t bytes) {
  thread_local Buffer memory;
  if (memory.bytes() < bytes) {
    try {
      memory = Buffer();  // the old block goes first: both together may be too much
      memory = Buffer(bytes);
    } catch (const std::bad_alloc&) {
      return nullptr;
    }
  }
  return memory.data();
}

}  // namespace flynn
