#include <algorithm>
#include <array>
#include <atomic>
#include <cstring>
#include <mutex>

#include <host/memory_range.hpp>
#include <host/recover/originals.hpp>

namespace flynn {
namespace {

/// Rows of memory; what lies between them may be somebody else's.
struct Rows {
  void* data;
  std::size_t rows, bytes, pitch;
};

/// The caller's memory that a spec both reads and writes.
template <Spec W>
std::vector<Rows> overwritten_by(const void* spec) {
  W w = *static_cast<const W*>(spec);
  const auto read = ranges_of(w, [](Access access) { return access != Access::write; });
  std::vector<Rows> found;
  w.each_buffer([&]<class T, std::size_t Rank, Access A>(Argument<T, Rank, A>& view) {
    if constexpr (A != Access::read) {
      if (view.resident || view.size() == 0 || !overlaps_any(range_of(view), read)) return;
      const std::size_t bytes = view.extent[Rank - 1] * sizeof(T);
      found.push_back({view.data, Rank == 2 ? view.extent[0] : 1, bytes, view.stride[0] * sizeof(T)});
    }
  });
  return found;
}

template <class... W>
constexpr auto functions_of(SpecList<W...>) {
  return std::array{&overwritten_by<W>...};
}

}  // namespace

Originals::Originals(const Context::Request& request) {
  static constexpr auto functions = functions_of(AllSpecs{});
  try {
    for (const Rows& r : functions[request.index](request.spec)) {
      Copy copy{static_cast<std::byte*>(r.data), r.rows, r.bytes, r.pitch, Buffer(r.rows * r.bytes)};
      for (std::size_t i = 0; i < r.rows; ++i)
        std::memcpy(static_cast<std::byte*>(copy.rest.data()) + i * r.bytes, copy.home + i * r.pitch, r.bytes);
      copies_.push_back(std::move(copy));
    }
  } catch (const std::bad_alloc&) {
    is_complete_ = false;
  }
}

bool Originals::restore(const Context::Request& request, const Execution& execution) const {
  if (execution.outputs_kept) return true;
  // What was nowhere but on the device is there no more as it was.
  for (const Context::Use& written : request.arrays) {
    if (!written.is_written) continue;
    const bool is_read = std::ranges::any_of(
        request.arrays, [&](const Context::Use& use) { return use.is_read && use.resident == written.resident; });
    const std::lock_guard lock(written.resident->mutex);
    if (is_read && !written.resident->is_on_host) return false;
  }
  if (!is_complete_) return false;
  for (const Copy& copy : copies_)
    for (std::size_t i = 0; i < copy.rows; ++i)
      std::memcpy(copy.home + i * copy.pitch, static_cast<const std::byte*>(copy.rest.data()) + i * copy.bytes, copy.bytes);
  return true;
}

void begin_writing(std::span<const Context::Use> arrays) {
  for (const Context::Use& use : arrays) {
    if (!use.is_written) continue;
    const std::lock_guard lock(use.resident->mutex);
    use.resident->is_kept = false;
  }
}

void take_back(std::span<const Context::Use> arrays) {
  for (const Context::Use& use : arrays) {
    if (!use.is_written) continue;
    const std::lock_guard lock(use.resident->mutex);
    if (!use.resident->is_kept) continue;
    use.resident->is_on_host = true;
    std::atomic_ref(use.resident->is_on_device).store(false, std::memory_order_relaxed);
  }
}

}  // namespace flynn
