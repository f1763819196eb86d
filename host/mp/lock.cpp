#include <atomic>
#include <flynn/mp/lock.hpp>
#include <host/mp/process_mark.hpp>
#include <host/mp/robust_mutex.hpp>

namespace flynn::mp {
namespace {

struct LockState {
  RobustMutex mutex;
  std::atomic<std::uint64_t> holder;  ///< see this_thread(); 0: nobody
  std::uint32_t depth;                ///< how often the holder acquired it; its own
};

LockState& state(const detail::SharedBlock& block) { return block.as<LockState>(); }

}  // namespace

OwnerDead::OwnerDead()
    : Error(Code::worker_died, "who had this lock ended without giving it back", {},
            "repair what the lock guards (acquire() takes a function for that), or start anew; the lock itself is "
            "usable") {}

BasicLock::BasicLock(bool is_recursive) : block_(sizeof(LockState)) {
  new (block_.data()) LockState();
  state(block_).mutex.init(is_recursive ? RobustMutex::Kind::recursive : RobustMutex::Kind::plain);
}

BasicLock& BasicLock::operator=(BasicLock other) noexcept {
  std::swap(block_, other.block_);
  return *this;
}

/// The C library keeps a list of what a thread has locked, so that must not be unmapped.
BasicLock::~BasicLock() {
  if (block_.data() && is_mine()) block_.keep();
}

BasicLock::Taken BasicLock::take(Duration timeout) const {
  LockState& s = state(block_);
  Got got = s.mutex.try_lock();
  if (got == Got::no && timeout > Duration(0)) got = s.mutex.lock(detail::deadline_after(timeout));
  if (got == Got::mine)
    throw Error(Code::invalid_argument, "this thread has this Lock already", {}, "use an RLock to acquire it twice");
  if (got == Got::no) return Taken::no;
  if (got == Got::after_death) s.depth = 0;
  ++s.depth;
  s.holder.store(this_thread(), std::memory_order_relaxed);
  return got == Got::yes ? Taken::yes : Taken::after_death;
}

bool BasicLock::acquire(Duration timeout) const {
  const Taken taken = take(timeout);
  if (taken != Taken::after_death) return taken == Taken::yes;
  release();
  throw OwnerDead();
}

void BasicLock::release() const {
  LockState& s = state(block_);
  if (!is_mine())
    throw Error(
        Code::invalid_argument, "a lock is released by a thread that does not have it", {},
        "release it where it was acquired; to wake another thread or process use Event, Condition or Semaphore");
  if (--s.depth == 0) s.holder.store(0, std::memory_order_relaxed);
  s.mutex.unlock();
}

bool BasicLock::locked() const { return state(block_).holder.load(std::memory_order_relaxed) != 0; }
bool BasicLock::is_mine() const { return state(block_).holder.load(std::memory_order_relaxed) == this_thread(); }

unsigned BasicLock::release_all() const {
  const unsigned times = state(block_).depth;
  for (unsigned i = 0; i < times; ++i) release();
  return times;
}

bool BasicLock::take_again(unsigned times) const {
  bool is_after_death = false;
  for (unsigned i = 0; i < times; ++i) is_after_death |= take(forever) == Taken::after_death;
  return is_after_death;
}

}  // namespace flynn::mp
