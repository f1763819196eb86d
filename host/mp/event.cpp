#include <flynn/mp/event.hpp>
#include <host/mp/robust_mutex.hpp>

namespace flynn::mp {
namespace {

struct EventState {
  Bell bell;
  std::atomic<std::uint32_t> is_set;
};

EventState& state(const detail::SharedBlock& block) { return block.as<EventState>(); }

}  // namespace

Event::Event() : block_(sizeof(EventState)) { new (block_.data()) EventState(); }

void Event::set() const {
  EventState& s = state(block_);
  s.is_set.store(1, std::memory_order_seq_cst);
  s.bell.ring();
}

void Event::clear() const { state(block_).is_set.store(0, std::memory_order_seq_cst); }
bool Event::is_set() const { return state(block_).is_set.load(std::memory_order_acquire) != 0; }

bool Event::wait(Duration timeout) const {
  if (is_set()) return true;
  return wait_for_bell(
      state(block_).bell, detail::deadline_after(timeout), [this] { return is_set(); }, [] {});
}

}  // namespace flynn::mp
