#include <atomic>
#include <cstring>
#include <utility>

#include <flynn/array.hpp>

namespace flynn {
namespace {

void release(Resident* resident) {
  if (resident && resident->replica.device) resident->replica.release(resident->replica);
}

}  // namespace

ResidentMemory::ResidentMemory(std::size_t bytes, Placement placement)
    : memory_(bytes, placement), resident_(std::make_unique<Resident>()) {
  if (bytes > 0 && !memory_.is_zeroed()) std::memset(memory_.data(), 0, bytes);
  resident_->host = memory_.data();
  resident_->bytes = bytes;
}

ResidentMemory::ResidentMemory(ResidentMemory&&) noexcept = default;

ResidentMemory& ResidentMemory::operator=(ResidentMemory&& other) noexcept {
  memory_ = std::move(other.memory_);
  std::swap(resident_, other.resident_);
  return *this;
}

ResidentMemory::~ResidentMemory() { release(resident_.get()); }

void* ResidentMemory::look(bool will_write) const {
  Text text;
  Execution execution{.text = &text};
  const std::lock_guard lock(resident_->mutex);
  if (const Status s = bring_home(*resident_, execution); !s.ok()) throw Error(s.code, text.message, {}, text.hint);
  if (will_write) std::atomic_ref(resident_->is_on_device).store(false, std::memory_order_relaxed);
  return resident_->host;
}

}  // namespace flynn
