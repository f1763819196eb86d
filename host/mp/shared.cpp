#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <flynn/mp/shared.hpp>
#include <host/pools/mappings.hpp>
#include <host/pools/shared_memory.hpp>
#include <mutex>

namespace flynn::mp {

using flynn::detail::SharedRef;

void Writer::share(const SharedRef& memory) {
  const std::uint64_t id = memory ? memory->id() : 0;
  put(&id, sizeof id);
  if (!memory) return;
  if (!shared_)
    throw Error(Code::unsupported, "what lies in shared memory cannot be sent this way", {},
                "pass it as an argument of a Process, of a Pool's initializer or of a task");
  if (std::ranges::find(*shared_, memory) != shared_->end()) return;
  memory->let_live();
  shared_->push_back(memory);
}

SharedRef Reader::shared() {
  constexpr std::int64_t limit_ns = 5'000'000'000;
  std::uint64_t id = 0;
  get(&id, sizeof id);
  if (id == 0) return {};
  const auto found = std::ranges::find(came_, id, [](const SharedRef& memory) { return memory->id(); });
  if (found != came_.end()) return *found;
  SharedRef memory;
  if (sender_ == the_pool) memory = find_shared_memory(id);
  if (!memory)
    memory = sender_ == the_pool ? keep_mapping(the_pool, id, limit_ns) : take_mapping(sender_, id, limit_ns);
  if (!memory)
    throw Error(Code::resource_exhausted, "the shared memory of a message did not come, or cannot be mapped", {},
                "raise the limits on open files (ulimit -n) and on address space (ulimit -v)");
  came_.push_back(memory);
  return memory;
}

namespace detail {

void prepare(void* data, std::size_t bytes) {
  const auto page = std::uintptr_t(sysconf(_SC_PAGESIZE));
  const std::uintptr_t begin = (reinterpret_cast<std::uintptr_t>(data) + page - 1) / page * page;
  const std::uintptr_t end = (reinterpret_cast<std::uintptr_t>(data) + bytes) / page * page;
  if (begin < end) madvise(reinterpret_cast<void*>(begin), end - begin, MADV_HUGEPAGE);  // a wish
}

namespace {

constexpr std::size_t line = 64, chunk_bytes = std::size_t{64} << 10, most_small = chunk_bytes / 8;

/// Memory that small blocks are cut from, one after the other. It is not used twice, since nobody knows when the last
/// process has done with a block; a chunk goes when no block of it has a handle.
struct Chunk {
  std::mutex mutex;
  SharedRef memory;
  std::size_t used = 0;
  pid_t owner = 0;  ///< a copy of the process begins one of its own
};
Chunk& chunk() {
  static Chunk& chunk = *new Chunk;
  return chunk;
}

}  // namespace

SharedBlock::SharedBlock(std::size_t bytes) : bytes_((bytes + line - 1) / line * line) {
  if (bytes_ > most_small) {
    memory_ = flynn::detail::make_shared_memory(bytes_);
    data_ = static_cast<std::byte*>(memory_->data());
    return;
  }
  Chunk& own = chunk();
  const std::lock_guard lock(own.mutex);
  if (!own.memory || own.used + bytes_ > chunk_bytes || own.owner != getpid()) {
    own.memory = flynn::detail::make_shared_memory(chunk_bytes);
    own.used = 0;
    own.owner = getpid();
  }
  memory_ = own.memory;
  data_ = static_cast<std::byte*>(memory_->data()) + own.used;
  own.used += bytes_;
}

void SharedBlock::keep() const {
  static std::mutex mutex;
  static auto& kept = *new std::vector<SharedRef>;
  const std::lock_guard lock(mutex);
  if (std::ranges::find(kept, memory_) == kept.end()) kept.push_back(memory_);
}

void SharedBlock::save(Writer& out) const {
  out.share(memory_);
  out(std::uint64_t(memory_ ? data_ - static_cast<std::byte*>(memory_->data()) : 0), bytes_);
}

void SharedBlock::load(Reader& in) {
  SharedRef memory = in.shared();
  std::uint64_t offset = 0, bytes = 0;
  in(offset, bytes);
  const std::size_t room = memory ? memory->bytes() : 0;
  if (offset % line != 0 || offset > room || bytes > room - offset || (bytes_ != 0 && bytes != bytes_))
    throw Error(Code::internal, "a message of flynn::mp is damaged");
  memory_ = std::move(memory);
  bytes_ = bytes;
  data_ = memory_ ? static_cast<std::byte*>(memory_->data()) + offset : nullptr;
}

}  // namespace detail

}  // namespace flynn::mp
