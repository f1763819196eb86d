#include <unistd.h>

#include <chrono>
#include <condition_variable>
#include <map>
#include <mutex>
#include <utility>

#include <host/pools/fork.hpp>
#include <host/pools/mappings.hpp>
#include <host/pools/shared_memory.hpp>

namespace flynn {
namespace {

struct Mapping {
  int file;
  std::size_t bytes;
  detail::SharedRef memory = {};  ///< none: not mapped yet
  unsigned takers = 1;            ///< how often it was sent
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

void drop(const Mapping& mapping) {
  if (mapping.file >= 0) close(mapping.file);
}

}  // namespace

void add_mapping(std::uint64_t sender, std::uint64_t id, int file, std::size_t bytes) {
  Mappings& here = mappings();
  const std::lock_guard lock(here.mutex);
  if (const auto [place, is_new] = here.all.try_emplace({sender, id}, Mapping{file, bytes}); !is_new) {
    close(file);
    ++place->second.takers;
  }
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

int take_file(std::uint64_t sender, std::uint64_t id, std::int64_t limit_ns) {
  Mappings& here = mappings();
  std::unique_lock lock(here.mutex);
  const auto has_come = [&] { return here.all.contains({sender, id}); };
  if (!here.changed.wait_for(lock, std::chrono::nanoseconds(limit_ns), has_come)) return -1;
  return here.all.extract({sender, id}).mapped().file;
}

detail::SharedRef keep_mapping(std::uint64_t sender, std::uint64_t id, std::int64_t limit_ns) {
  Mappings& here = mappings();
  std::unique_lock lock(here.mutex);
  const auto has_come = [&] { return here.all.contains({sender, id}); };
  if (limit_ns == 0)
    here.changed.wait(lock, has_come);
  else if (!here.changed.wait_for(lock, std::chrono::nanoseconds(limit_ns), has_come))
    return {};
  Mapping& mapping = here.all.at({sender, id});
  if (!mapping.memory && mapping.file >= 0)
    mapping.memory = receive_shared_memory(std::exchange(mapping.file, -1), mapping.bytes, id);
  return mapping.memory;
}

detail::SharedRef take_mapping(std::uint64_t sender, std::uint64_t id, std::int64_t limit_ns) {
  detail::SharedRef memory = keep_mapping(sender, id, limit_ns);
  Mappings& here = mappings();
  const std::lock_guard lock(here.mutex);
  const auto place = here.all.find({sender, id});
  if (place != here.all.end() && --place->second.takers == 0) here.all.erase(place);
  return memory;
}

std::span<std::byte> find_mapping(std::uint64_t sender, std::uint64_t id, std::int64_t limit_ns) {
  const detail::SharedRef memory = keep_mapping(sender, id, limit_ns);
  if (!memory) return {};
  return {static_cast<std::byte*>(memory->data()), memory->bytes()};
}

}  // namespace flynn
