#include <algorithm>
#include <atomic>
#include <flynn/mp/condition.hpp>
#include <host/mp/process_mark.hpp>
#include <host/mp/robust_mutex.hpp>
#include <host/pools/protection.hpp>
#include <vector>

namespace flynn::mp {
namespace {

constexpr std::size_t most_waiters = 128;

struct Waiter {
  enum State : std::uint32_t { none, waiting, notified };
  std::atomic<std::uint32_t> state;
  ProcessMark who;
  std::uint64_t since;  ///< grows with time
  Bell bell;
};

struct ConditionState {
  RobustMutex mutex;  ///< for what follows; never held while anybody waits
  std::uint64_t time;
  Waiter waiters[most_waiters];

  Waiter* oldest() {
    Waiter* first = nullptr;
    for (Waiter& waiter : waiters)
      if (waiter.state == Waiter::waiting && (!first || waiter.since < first->since)) first = &waiter;
    return first;
  }

  void notify(unsigned count) {
    for (; count > 0; --count) {
      Waiter* const waiter = oldest();
      if (!waiter) return;
      waiter->state = Waiter::notified;
      waiter->bell.ring();
    }
  }

  /// Who died here may have been about to notify: everybody looks for himself.
  void repair() { notify(~0u); }

  Waiter* add(ProcessMark who) {
    for (Waiter& waiter : waiters) {
      if (waiter.state != Waiter::none) continue;
      waiter.who = who;
      waiter.since = ++time;
      waiter.state = Waiter::waiting;
      return &waiter;
    }
    return nullptr;
  }

  /// What a dead one was told, another one is told instead.
  void inherit() {
    std::vector<ProcessMark> dead;
    {
      const RobustGuard guard(mutex, [this] { repair(); });
      for (const Waiter& waiter : waiters)
        if (waiter.state != Waiter::none) dead.push_back(waiter.who);
    }
    std::erase_if(dead, is_alive);
    if (dead.empty() || !protects("notification")) return;
    const RobustGuard guard(mutex, [this] { repair(); });
    for (Waiter& waiter : waiters) {
      if (waiter.state == Waiter::none || std::find(dead.begin(), dead.end(), waiter.who) == dead.end()) continue;
      const bool was_notified = waiter.state == Waiter::notified;
      waiter.state = Waiter::none;
      if (was_notified) notify(1);
    }
  }
};

ConditionState& state(const detail::SharedBlock& block) { return block.as<ConditionState>(); }

}  // namespace

Condition::Condition(const BasicLock& lock) : lock_(lock), block_(sizeof(ConditionState)) {
  (new (block_.data()) ConditionState())->mutex.init();
}

void Condition::must_be_mine() const {
  if (lock_.is_mine()) return;
  throw Error(Code::invalid_argument, "a condition is used without its lock", {}, "acquire() it first");
}

bool Condition::wait(Duration timeout) const {
  must_be_mine();
  ConditionState& s = state(block_);
  const std::int64_t deadline = detail::deadline_after(timeout);
  const auto add = [&] {
    const RobustGuard guard(s.mutex, [&] { s.repair(); });
    return s.add(this_process());
  };
  Waiter* own = add();
  if (!own) {
    s.inherit();
    own = add();
  }
  if (!own) throw Error(Code::resource_exhausted, "128 threads wait for this condition already");
  const unsigned times = lock_.release_all();
  const auto is_notified = [&] { return own->state == Waiter::notified; };
  wait_for_bell(own->bell, deadline, is_notified, [&] { s.inherit(); });
  const bool is_after_death = lock_.take_again(times);
  const RobustGuard guard(s.mutex, [&] { s.repair(); });
  const bool was_notified = is_notified();
  own->state = Waiter::none;
  if (is_after_death) throw OwnerDead();
  return was_notified;
}

void Condition::notify(unsigned waiters) const {
  must_be_mine();
  ConditionState& s = state(block_);
  const RobustGuard guard(s.mutex, [&] { s.repair(); });
  s.notify(waiters);
}

void Condition::save(Writer& out) const {
  lock_.save(out);
  block_.save(out);
}

void Condition::load(Reader& in) {
  lock_.load(in);
  block_.load(in);
}

}  // namespace flynn::mp
