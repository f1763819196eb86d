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
thread_local std::span<const int> part_homes;

}  // namespace

PartHomes::PartHomes(std::span<const int> nodes) : outer_(std::exchange(part_homes, nodes)) {}
PartHomes::~PartHomes() { part_homes = outer_; }

ThreadPool::ThreadPool(unsigned threads, const std::vector<int>& cpus, const std::vector<int>& nodes) {
  start(threads > 0 ? threads - 1 : 0);
  shares_ = std::vector<Share>(size());
  take_seats(cpus, nodes);
}

void ThreadPool::start(unsigned workers) {
  workers_.resize(workers);
  for (unsigned i = 0; i < workers; ++i) {
    try {
      workers_[i].thread = std::thread([this, i] { work(i); });
    } catch (const std::system_error&) {
      workers_.resize(i);
      return;
    }
  }
}

void ThreadPool::take_seats(const std::vector<int>& cpus, const std::vector<int>& nodes) {
  const int here = sched_getcpu();
  seats_ = choose_seats(size(), cpus, nodes, here);
  const auto own = std::ranges::find(seats_, here, &Seat::cpu);
  caller_seat_ = own == seats_.end() ? 0 : unsigned(own - seats_.begin());
  for (unsigned i = 0; i < workers_.size(); ++i) {
    Worker& worker = workers_[i];
    worker.seat = i + (i >= caller_seat_);
    if (const int cpu = seats_[worker.seat].cpu; cpu >= 0) pin(worker, cpu);
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

/// The caller is not ours to pin. If it has moved to the CPU of a worker, they change seats: two threads on one CPU
/// would take turns of milliseconds.
void ThreadPool::leave_cpu_to_caller() {
  const int here = sched_getcpu(), left = seats_[caller_seat_].cpu;
  if (here == left || left < 0) return;
  for (Worker& worker : workers_)
    if (worker.cpu == here) {
      std::swap(worker.seat, caller_seat_);
      pin(worker, left);
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
  choose_team(unsigned(std::min<std::size_t>({threads, parts, size()})));
  share_out(parts);
  open_job();
  take_parts(share_of(caller_seat_));
  close_job();
  return took_part_.load(std::memory_order_relaxed);
}

/// A team of all begins with the first node. A smaller one has the caller in it, and rather neighbours on its node.
void ThreadPool::choose_team(unsigned team) {
  team_ = team;
  first_seat_ = 0;
  if (team == size()) return;
  first_seat_ = caller_seat_;
  auto may_go_down = [&] {
    return first_seat_ > 0 && caller_seat_ - first_seat_ + 1 < team &&
           seats_[first_seat_ - 1].node == seats_[caller_seat_].node;
  };
  while (may_go_down()) --first_seat_;
}

const Seat& ThreadPool::seat_of(unsigned share) const {
  const unsigned seat = first_seat_ + share;
  return seats_[seat < size() ? seat : seat - size()];
}

unsigned ThreadPool::share_of(unsigned seat) const {
  return seat >= first_seat_ ? seat - first_seat_ : seat + size() - first_seat_;
}

/// Each node of the team gets its fraction of the parts, or those whose memory it has, and cuts them evenly.
void ThreadPool::share_out(std::size_t parts) {
  order_.clear();
  const bool by_home = part_homes.size() == parts && spans_nodes();
  for (unsigned begin = 0, end = 0; begin < team_; begin = end) {
    while (end < team_ && seat_of(end).node == seat_of(begin).node) ++end;
    const std::size_t first = by_home ? order_.size() : parts * begin / team_;
    const std::size_t last = by_home ? order_parts(parts, begin, end) : parts * end / team_;
    for (unsigned i = begin; i < end; ++i) {
      Share& share = shares_[i];
      share.next.store(first + (last - first) * (i - begin) / (end - begin), std::memory_order_relaxed);
      share.end = first + (last - first) * (i + 1 - begin) / (end - begin);
      share.node_begin = begin;
      share.node_end = end;
    }
  }
}

/// Appends the parts of the node whose shares these are, and of those that are at home with nobody its fraction.
std::size_t ThreadPool::order_parts(std::size_t parts, unsigned node_begin, unsigned node_end) {
  auto is_in_team = [this](int node) {
    for (unsigned i = 0; i < team_; ++i)
      if (seat_of(i).node == node) return true;
    return false;
  };
  for (std::size_t part = 0; part < parts; ++part) {
    const bool is_near = parts * node_begin / team_ <= part && part < parts * node_end / team_;
    const int home = part_homes[part];
    if (home == seat_of(node_begin).node || (is_near && !is_in_team(home))) order_.push_back(part);
  }
  return order_.size();
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

/// Runs the parts of its own share, then those that others have left, its own node's first.
void ThreadPool::take_parts(unsigned own) {
  const bool outer = std::exchange(inside_part, true);
  const unsigned begin = shares_[own].node_begin, end = shares_[own].node_end, near = end - begin;
  bool any = take_share(own);
  for (unsigned i = 1; i < team_; ++i) {
    // A closed job has no parts left; to look at the shares of others would move their cache lines for nothing.
    if (!(gate_.load(std::memory_order_relaxed) & open_bit)) break;
    any |= take_share(i < near ? begin + (own - begin + i) % near : (end + i - near) % team_);
  }
  took_part_.fetch_add(any, std::memory_order_relaxed);
  inside_part = outer;
}

/// True when it ran a part.
bool ThreadPool::take_share(unsigned index) {
  Share& share = shares_[index];
  bool any = false;
  for (;;) {
    const std::size_t part = share.next.fetch_add(1, std::memory_order_relaxed);
    if (part >= share.end) return any;
    function_(state_, order_.empty() ? part : order_[part]);
    any = true;
  }
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

void ThreadPool::work(unsigned index) {
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
    if (const unsigned share = share_of(workers_[index].seat); share < team_) take_parts(share);
    leave();
  }
}

}  // namespace flynn
