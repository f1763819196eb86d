#include <fcntl.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <iterator>
#include <map>
#include <mutex>

#include <host/detect/memory.hpp>
#include <host/pools/fork.hpp>
#include <host/pools/insist.hpp>
#include <host/pools/placement.hpp>
#include <host/pools/protection.hpp>
#include <host/pools/shared_memory.hpp>

namespace flynn {
namespace {

struct Registry {
  std::mutex mutex;
  std::map<const char*, SharedPlace> by_begin;
  std::map<std::uint64_t, std::weak_ptr<const SharedMemory>> with_handles;
  std::atomic<std::uint64_t> losses{0};
};

/// Lives until the process ends: static objects may own shared memory.
std::mutex& registry_mutex();
Registry& registry() {
  static Registry& registry = []() -> Registry& {
    hold_during_fork<registry_mutex>();
    return *new Registry;
  }();
  return registry;
}
std::mutex& registry_mutex() { return registry().mutex; }

/// Has all pages now, so that none is missing later, which would be SIGBUS. In pieces: a signal undoes the one that it
/// interrupts.
int reserve(int file, std::size_t bytes) {
  constexpr std::size_t piece = std::size_t{64} << 20;
  for (std::size_t begin = 0; begin < bytes;) {
    const std::size_t count = std::min(piece, bytes - begin);
    const int error = posix_fallocate(file, off_t(begin), off_t(count));
    if (error == 0) begin += count;
    if (error != 0 && error != EINTR) return error;
  }
  return 0;
}

Status no_memory(std::size_t bytes, const char* why, Text& text) {
  hint(text, "free memory, raise the memory limit of the control group, or work on less data at a time");
  return fail(text, Code::out_of_memory, "no shared memory of %zu bytes: %s", bytes, why);
}

/// The kernel has no limit of its own for such memory: it would end some process instead of refusing.
Status check_available(std::size_t bytes, Text& text) {
  constexpr std::size_t small = std::size_t{1} << 20;  // asking costs 100 us, more than making that much
  if (bytes <= small || !protects("available")) return {};
  const std::uint64_t available = detect::available_memory();
  if (bytes <= available) return {};
  char words[64];
  std::snprintf(words, sizeof words, "%llu are available", static_cast<unsigned long long>(available));
  return no_memory(bytes, words, text);
}

/// An empty file in memory.
Status make_file(std::size_t bytes, int& file, Text& text) {
  file = memfd_create("flynn", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  if (file < 0) {
    hint(text, "close files, or raise the limit on open files (ulimit -n)");
    return fail(text, Code::resource_exhausted, "no file descriptor for shared memory: %s", std::strerror(errno));
  }
  return ftruncate(file, off_t(bytes)) == 0 ? Status{} : no_memory(bytes, std::strerror(errno), text);
}

/// Not a count, because memory is known by it in other processes too.
std::uint64_t new_id() {
  std::uint64_t id = 0;
  while (id == 0 && getrandom(&id, sizeof id, 0) < 0 && errno == EINTR) {
  }
  return id;
}

/// Nobody can make it smaller, so that no access is ever SIGBUS.
bool is_whole(int file, std::size_t bytes) {
  struct stat facts = {};
  return fstat(file, &facts) == 0 && std::size_t(facts.st_size) >= bytes &&
         (fcntl(file, F_GET_SEALS) & F_SEAL_SHRINK) != 0;
}

detail::SharedRef with_handles(std::shared_ptr<const SharedMemory> memory) {
  Registry& all = registry();
  const std::lock_guard lock(all.mutex);
  all.with_handles[memory->id()] = memory;
  return memory;
}

/// Its pages are made, and nobody can change its size.
Status fill(int file, std::size_t bytes, Text& text) {
  if (const int error = reserve(file, bytes)) return no_memory(bytes, std::strerror(error), text);
  if (fcntl(file, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) == 0) return {};
  return fail(text, Code::internal, "cannot seal shared memory: %s", std::strerror(errno));
}

}  // namespace

SharedMemory::SharedMemory(std::size_t bytes, Placement placement) : SharedMemory() {
  if (bytes == 0) return;
  Text text;
  auto must = [&](Status s) {
    if (!s.ok()) throw Error(s.code, text.message, {}, text.hint);
  };
  must(check_available(bytes, text));
  must(make_file(bytes, file_, text));
  bytes_ = bytes;
  void* const mapped = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file_, 0);
  if (mapped == MAP_FAILED && protects("mapped")) must(no_memory(bytes, std::strerror(errno), text));
  data_ = mapped;
  (void)place(data_, bytes, placement);  // a wish, and before there are pages
  must(fill(file_, bytes, text));
  id_ = new_id();
  made_after_ = fork_generation();
  Registry& all = registry();
  const std::lock_guard lock(all.mutex);
  all.by_begin[static_cast<const char*>(data_)] = {id_, 0, bytes_, file_};
}

SharedMemory::SharedMemory(int file, std::size_t bytes, std::uint64_t id) : SharedMemory() {
  void* const data =
      is_whole(file, bytes) ? mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0) : MAP_FAILED;
  if (data == MAP_FAILED) {
    close(file);
    return;
  }
  // Its page table is filled at once: a fault for each page would cost more than reading it. As if for reading, which
  // takes 16 pages at a time; they may be written all the same. (Kernels before 5.14 do not know it.)
  constexpr int populate_read = 22;
  madvise(data, bytes, populate_read);
  data_ = data;
  bytes_ = bytes;
  file_ = file;
  id_ = id;
  made_after_ = fork_generation();
  let_live();
  Registry& all = registry();
  const std::lock_guard lock(all.mutex);
  all.by_begin[static_cast<const char*>(data_)] = {id_, 0, bytes_, file_};
}

SharedMemory::~SharedMemory() {
  if (file_ < 0) return;
  if (data_) {
    Registry& all = registry();
    const std::lock_guard lock(all.mutex);
    all.by_begin.erase(static_cast<const char*>(data_));
    if (const auto own = all.with_handles.find(id_); own != all.with_handles.end() && own->second.expired())
      all.with_handles.erase(own);
    all.losses.fetch_add(1, std::memory_order_release);
    munmap(data_, bytes_);
  }
  if (!lives_on_ && made_after_ == fork_generation()) {
    // Whoever still maps it: the pages are gone, the last one too, of which a hole of just these bytes would only zero
    // a part.
    const std::size_t page = std::size_t(sysconf(_SC_PAGESIZE));
    fallocate(file_, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, off_t((bytes_ + page - 1) / page * page));
  }
  close(file_);
}

detail::SharedRef detail::make_shared_memory(std::size_t bytes, Placement placement) {
  if (bytes == 0) return {};
  return with_handles(std::make_shared<SharedMemory>(bytes, placement));
}

detail::SharedRef find_shared_memory(std::uint64_t id) {
  Registry& all = registry();
  const std::lock_guard lock(all.mutex);
  const auto own = all.with_handles.find(id);
  return own == all.with_handles.end() ? nullptr : own->second.lock();
}

detail::SharedRef receive_shared_memory(int file, std::size_t bytes, std::uint64_t id) {
  if (detail::SharedRef own = find_shared_memory(id)) {
    close(file);
    return own;
  }
  const auto memory = insist([] { return std::make_shared<SharedMemory>(); });  // which takes the descriptor
  *memory = SharedMemory(file, bytes, id);
  return memory->data() ? with_handles(std::move(memory)) : nullptr;
}

std::optional<SharedPlace> find_shared(const void* data, std::size_t bytes) {
  Registry& all = registry();
  const std::lock_guard lock(all.mutex);
  auto after = all.by_begin.upper_bound(static_cast<const char*>(data));
  if (after == all.by_begin.begin()) return {};
  const auto& [begin, memory] = *std::prev(after);
  SharedPlace place = memory;
  place.offset = std::size_t(static_cast<const char*>(data) - begin);
  if (place.offset > place.bytes || bytes > place.bytes - place.offset) return {};
  return place;
}

std::uint64_t shared_memory_losses() { return registry().losses.load(std::memory_order_acquire); }

bool is_shared(std::uint64_t id) {
  Registry& all = registry();
  const std::lock_guard lock(all.mutex);
  return std::any_of(all.by_begin.begin(), all.by_begin.end(), [&](const auto& m) { return m.second.id == id; });
}

}  // namespace flynn
