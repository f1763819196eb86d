#include <atomic>
#include <flynn/mp/semaphore.hpp>
#include <host/mp/process_mark.hpp>
#include <host/mp/robust_mutex.hpp>
#include <host/pools/protection.hpp>
#include <vector>

namespace flynn::mp {
namespace {

constexpr std::size_t most_holders = 128;

struct Holder {
  ProcessMark who;
  std::uint64_t since;                 ///< grows with time
  std::atomic<std::uint32_t> permits;  ///< 0: this place is free
};

/// How many are free follows from the total and the holders: so a death between two stores loses nothing.
struct SemaphoreState {
  RobustMutex mutex;
  Bell bell;
  std::atomic<std::uint32_t> free;
  std::uint32_t total, is_bounded;
  std::uint64_t time;
  Holder holders[most_holders];

  void count() {
    std::uint32_t held = 0;
    for (const Holder& holder : holders) held += holder.permits;
    free.store(total - held, std::memory_order_seq_cst);
  }

  Holder* find(ProcessMark who) {
    for (Holder& holder : holders)
      if (holder.permits > 0 && holder.who == who) return &holder;
    return nullptr;
  }

  Holder* oldest() {
    Holder* first = nullptr;
    for (Holder& holder : holders)
      if (holder.permits > 0 && (!first || holder.since < first->since)) first = &holder;
    return first;
  }

  /// False when all places are taken.
  bool add(ProcessMark who) {
    for (Holder& holder : holders) {
      if (holder.permits > 0) continue;
      holder.who = who;
      holder.since = ++time;
      holder.permits = 1;  // last, in case of death
      return true;
    }
    return false;
  }
};

SemaphoreState& state(const detail::SharedBlock& block) { return block.as<SemaphoreState>(); }

}  // namespace

Semaphore::Semaphore(unsigned value, bool is_bounded) : block_(sizeof(SemaphoreState)) {
  SemaphoreState& s = *new (block_.data()) SemaphoreState();
  s.mutex.init();
  s.total = value;
  s.is_bounded = is_bounded;
  s.free = value;
}

bool Semaphore::acquire(Duration timeout) const {
  SemaphoreState& s = state(block_);
  const ProcessMark me = this_process();
  for (std::int64_t deadline = 0;;) {
    if (s.free.load(std::memory_order_relaxed) > 0) {
      const RobustGuard guard(s.mutex, [&] { s.count(); });
      if (const std::uint32_t free = s.free.load(std::memory_order_relaxed); free > 0) {
        if (Holder* const own = s.find(me))
          ++own->permits;
        else if (!s.add(me))
          throw Error(Code::resource_exhausted, "128 other processes have permits of this semaphore");
        s.free.store(free - 1, std::memory_order_relaxed);
        return true;
      }
    }
    if (deadline == 0) {
      if (timeout <= Duration(0)) take_from_the_dead();  // those who wait do it while they wait
      deadline = detail::deadline_after(timeout);
    }
    const auto is_free = [&] { return s.free.load(std::memory_order_seq_cst) > 0; };
    if (!wait_for_bell(s.bell, deadline, is_free, [this] { take_from_the_dead(); })) return false;
  }
}

void Semaphore::release(unsigned permits) const {
  SemaphoreState& s = state(block_);
  const ProcessMark me = this_process();
  {
    const RobustGuard guard(s.mutex, [&] { s.count(); });
    const std::uint32_t free = s.free.load(std::memory_order_relaxed);
    if (s.is_bounded && permits > s.total - free)
      throw Error(Code::invalid_argument, "a BoundedSemaphore is released more often than it was acquired", {},
                  "release once for each acquire(), or use a Semaphore");
    for (unsigned i = 0; i < permits; ++i) {
      Holder* holder = s.find(me);
      if (!holder) holder = s.oldest();
      if (holder)
        --holder->permits;
      else
        ++s.total;
    }
    s.free.store(free + permits, std::memory_order_seq_cst);
  }
  s.bell.ring(int(permits));
}

/// A process that has ended will release nothing. Looks at them without the lock, which takes a while.
void Semaphore::take_from_the_dead() const {
  SemaphoreState& s = state(block_);
  std::vector<ProcessMark> dead;
  {
    const RobustGuard guard(s.mutex, [&] { s.count(); });
    for (const Holder& holder : s.holders)
      if (holder.permits > 0) dead.push_back(holder.who);
  }
  std::erase_if(dead, is_alive);
  if (dead.empty() || !protects("permits")) return;
  {
    const RobustGuard guard(s.mutex, [&] { s.count(); });
    for (const ProcessMark who : dead)
      if (Holder* const holder = s.find(who)) holder->permits = 0;
    s.count();
  }
  s.bell.ring();
}

unsigned Semaphore::get_value() const { return state(block_).free.load(std::memory_order_acquire); }

}  // namespace flynn::mp
