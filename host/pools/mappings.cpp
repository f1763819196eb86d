#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <condition_variable>
#include <map>
#include <mutex>
#include <utility>

#include <host/pools/fork.hpp>
#include <host/pools/mappings.hpp>

namespace flynn {
namespace {

struct Mapping {
  int file;
  std::size_t bytes;
  std::byte* data = nullptr;  ///< null: not mapped yet
};

struct Mappings {
  std::mutex mutex;
  std::condition_variable changed;
  std::map<std::pair<std::uint64_t, std::uint64_t>, Mapping> all;
};

/// Lives until the process ends.
std::mutex& mappings_mutex();
Mappings& mappings() {
  static Mappings& mappings = []() -> Mappings& {
    hold_during_fork<mappings_mutex>();
    return *new Mappings;
  }();
  return mappings;
}
std::mutex& mappings_mutex() { return mappings().mutex; }

/// Nobody can make it smaller, so that no access is ever SIGBUS.
bool is_whole(const Mapping& mapping) {
  struct stat file = {};
  return fstat(mapping.file, &file) == 0 && std::size_t(file.st_size) >= mapping.bytes &&
         (fcntl(mapping.file, F_GET_SEALS) & F_SEAL_SHRINK) != 0;
}

void map(Mapping& mapping) {
  if (!is_whole(mapping)) return;
  // Its page table is filled at once: a fault for each page would cost more than reading it.
  void* const data = mmap(nullptr, mapping.bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, mapping.file, 0);
  if (data == MAP_FAILED) return;
  mapping.data = static_cast<std::byte*>(data);
  close(std::exchange(mapping.file, -1));
}

void drop(const Mapping& mapping) {
  if (mapping.file >= 0) close(mapping.file);
  if (mapping.data) munmap(mapping.data, mapping.bytes);
}

}  // namespace

void add_mapping(std::uint64_t sender, std::uint64_t id, int file, std::size_t bytes) {
  Mappings& here = mappings();
  const std::lock_guard lock(here.mutex);
  if (const auto [place, is_new] = here.all.try_emplace({sender, id}, Mapping{file, bytes}); !is_new) close(file);
  here.changed.notify_all();
}

void remove_mapping(std::uint64_t sender, std::uint64_t id) {
  Mappings& here = mappings();
  const std::lock_guard lock(here.mutex);
  const auto place = here.all.find({sender, id});
  if (place == here.all.end()) return;
  drop(place->second);
  here.all.erase(place);
}

void remove_mappings(std::uint64_t sender) {
  Mappings& here = mappings();
  const std::lock_guard lock(here.mutex);
  for (auto place = here.all.lower_bound({sender, 0}); place != here.all.end() && place->first.first == sender;) {
    drop(place->second);
    place = here.all.erase(place);
  }
}

std::span<std::byte> find_mapping(std::uint64_t sender, std::uint64_t id, std::int64_t limit_ns) {
  Mappings& here = mappings();
  std::unique_lock lock(here.mutex);
  const auto has_come = [&] { return here.all.contains({sender, id}); };
  if (limit_ns == 0)
    here.changed.wait(lock, has_come);
  else if (!here.changed.wait_for(lock, std::chrono::nanoseconds(limit_ns), has_come))
    return {};
  Mapping& mapping = here.all.at({sender, id});
  if (!mapping.data) map(mapping);
  if (!mapping.data) return {};
  return {mapping.data, mapping.bytes};
}

}  // namespace flynn
