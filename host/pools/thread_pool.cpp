#include <pthread.h>
#include <sched.h>

#include <algorithm>
#include <system_error>
#include <utility>

#include <flynn/execution.hpp>
#include <host/pools/floating_point.hpp>
#include <host/pools/futex.hpp>
#include <host/pools/spin.hpp>
#include <host/pools/thread_pool.hpp>

namespace flynn {
namespace {

thread_local bool inside_part = false;

}  // namespace

ThreadPool::ThreadPool(unsigned threads, std::vector<int> cpus) {
  // One CPU is the caller's; threads beyond the CPUs are not pinned.
  const int here = sched_getcpu();
  if (auto it = std::find(cpus.begin(), cpus.end(), here); it != cpus.end()) std::iter_swap(it, cpus.begin());
  caller_cpu_ = cpus.empty() ? -1 : cpus[0];
  workers_.resize(threads > 0 ? threads - 1 : 0);
  shares_ = std::vector<Share>(workers_.size() + 1);
  for (std::size_t i = 0; i < workers_.size(); ++i) {
    try {
      workers_[i].thread = std::thread([this, place = unsigned(i) + 1] { work(place); });
    } catch (const std::system_error&) {
      workers_.resize(i);
      break;
    }
    if (i + 1 < cpus.size()) pin(workers_[i], cpus[i + 1]);
  }
}

ThreadPool::~ThreadPool() {
  stop_.store(true, std::memory_order_relaxed);
  epoch_.fetch_add(1, std::memory_order_seq_cst);
  futex_wake_all(epoch_);
  for (Worker& worker : workers_) worker.thread.join();
}

void ThreadPool::pin(Worker& worker, int cpu) {
  const std::size_t bytes = CPU_ALLOC_SIZE(cpu + 1);
  cpu_set_t* set = CPU_ALLOC(cpu + 1);
  if (!set) return;
  CPU_ZERO_S(bytes, set);
  CPU_SET_S(cpu, bytes, set);
  if (pthread_setaffinity_np(worker.thread.native_handle(), bytes, set) == 0) worker.cpu = cpu;
  CPU_FREE(set);
}

/// The caller is not ours to pin. If it has moved to the CPU of a worker, that worker takes the CPU that it left: two
/// threads on one CPU would take turns of milliseconds.
void ThreadPool::leave_cpu_to_caller() {
  const int here = sched_getcpu();
  if (here == caller_cpu_ || caller_cpu_ < 0) return;
  for (Worker& worker : workers_)
    if (worker.cpu == here) {
      pin(worker, std::exchange(caller_cpu_, here));
      return;
    }
}

unsigned ThreadPool::run(std::size_t parts, unsigned threads, PartFunction function, const void* state) {
  std::unique_lock use(use_, std::defer_lock);
  if (parts < 2 || threads < 2 || workers_.empty() || inside_part || !use.try_lock()) {
    for (std::size_t part = 0; part < parts; ++part) function(state, part);
    return 1;
  }
  leave_cpu_to_caller();
  function_ = function;
  state_ = state;
  team_ = unsigned(std::min<std::size_t>({threads, parts, size()}));
  for (std::size_t i = 0; i < team_; ++i) {
    shares_[i].next.store(parts * i / team_, std::memory_order_relaxed);
    shares_[i].end = parts * (i + 1) / team_;
  }
  open_job();
  take_parts(0);
  close_job();
  return took_part_.load(std::memory_order_relaxed);
}

void ThreadPool::open_job() {
  took_part_.store(0, std::memory_order_relaxed);
  gate_.store(open_bit, std::memory_order_release);
  epoch_.fetch_add(1, std::memory_order_seq_cst);
  if (sleepers_.load(std::memory_order_seq_cst) > 0) futex_wake_all(epoch_);
}

/// Nobody enters any more; waits only for workers that are in the middle of a part, not for those that still wake up.
void ThreadPool::close_job() {
  gate_.fetch_and(~open_bit, std::memory_order_acq_rel);
  auto inside = [this] { return gate_.load(std::memory_order_acquire); };
  if (spin_until(spin_ns, [&] { return inside() == 0; })) return;
  caller_sleeps_.store(true, std::memory_order_seq_cst);
  while (std::uint32_t n = gate_.load(std::memory_order_seq_cst)) futex_wait(gate_, n);
  caller_sleeps_.store(false, std::memory_order_relaxed);
}

/// Runs the parts of its own share, then those that others have left.
void ThreadPool::take_parts(unsigned place) {
  const bool outer = std::exchange(inside_part, true);
  bool any = false;
  for (unsigned i = 0; i < team_; ++i) {
    // A closed job has no parts left; to look at the shares of others would move their cache lines for nothing.
    if (i > 0 && !(gate_.load(std::memory_order_relaxed) & open_bit)) break;
    Share& share = shares_[(place + i) % team_];
    for (;;) {
      const std::size_t part = share.next.fetch_add(1, std::memory_order_relaxed);
      if (part >= share.end) break;
      function_(state_, part);
      any = true;
    }
  }
  took_part_.fetch_add(any, std::memory_order_relaxed);
  inside_part = outer;
}

bool ThreadPool::try_enter() {
  std::uint32_t gate = gate_.load(std::memory_order_relaxed);
  do {
    if (!(gate & open_bit)) return false;
  } while (!gate_.compare_exchange_weak(gate, gate + 1, std::memory_order_acquire, std::memory_order_relaxed));
  return true;
}

void ThreadPool::leave() {
  if (gate_.fetch_sub(1, std::memory_order_seq_cst) == 1 && caller_sleeps_.load(std::memory_order_seq_cst))
    futex_wake_all(gate_);
}

void ThreadPool::work(unsigned place) {
  const FloatingPointGuard floating_point;
  std::uint32_t seen = 0;
  for (;;) {
    auto moved = [&] { return epoch_.load(std::memory_order_acquire) != seen; };
    if (!spin_until(spin_ns, moved)) {
      sleepers_.fetch_add(1, std::memory_order_seq_cst);
      while (!moved()) futex_wait(epoch_, seen);
      sleepers_.fetch_sub(1, std::memory_order_relaxed);
    }
    seen = epoch_.load(std::memory_order_acquire);
    if (stop_.load(std::memory_order_relaxed)) return;
    if (!try_enter()) continue;
    if (place < team_) take_parts(place);
    leave();
  }
}

}  // namespace flynn
