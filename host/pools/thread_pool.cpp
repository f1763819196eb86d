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

constexpr unsigned most_threads = 65535;  // what Place can tell apart
/// How often a thread without a core looks for one.
constexpr std::int64_t core_tick_ns = 1'000'000;

}  // namespace

PartHomes::PartHomes(std::span<const int> nodes) : outer_(std::exchange(part_homes, nodes)) {}
PartHomes::~PartHomes() { part_homes = outer_; }

ThreadPool::ThreadPool(unsigned threads, const std::vector<int>& cpus, const std::vector<int>& nodes, Cores* cores)
    : cores_(cores) {
  threads = std::clamp(threads, 1u, most_threads);
  desks_ = std::vector<Desk>(threads);
  start(threads - 1);
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
  desk_at_ = std::vector<std::atomic<std::uint32_t>>(size());
  const auto own = std::ranges::find(seats_, here, &Seat::cpu);
  caller_seat_ = own == seats_.end() ? 0 : unsigned(own - seats_.begin());
  desk_at_[caller_seat_] = std::uint32_t(desks_.size() - 1);
  for (unsigned i = 0; i < workers_.size(); ++i) {
    Worker& worker = workers_[i];
    worker.seat = i + (i >= caller_seat_);
    desk_at_[worker.seat] = i;
    if (const int cpu = seats_[worker.seat].cpu; cpu >= 0) pin(worker, cpu);
  }
}

ThreadPool::~ThreadPool() {
  stop_.store(true, std::memory_order_release);
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
      const std::uint32_t desk = desk_at_[caller_seat_].exchange(desk_at_[worker.seat], std::memory_order_relaxed);
      desk_at_[worker.seat].store(desk, std::memory_order_relaxed);
      pin(worker, left);
      return;
    }
}

unsigned ThreadPool::run(std::size_t parts, unsigned threads, PartFunction function, const void* state) {
  std::unique_lock use(use_, std::defer_lock);
  if (parts < 2 || threads < 2 || workers_.empty() || inside_part || parts >= none || !use.try_lock()) {
    const CoreLease core(inside_part ? nullptr : cores_, 1);
    for (std::size_t part = 0; part < parts; ++part) function(state, part);
    return 1;
  }
  order_.reserve(part_homes.size());  // from here on nothing may throw
  leave_cpu_to_caller();
  choose_team(unsigned(std::min<std::size_t>({threads, parts, size()})));
  tag_ += tag_step;
  begin_cores_ = cores_ ? cores_->take(team_) : team_;
  lay_out(parts, function, state);
  open_job();
  inside_part = true;
  take_parts(desks_.back(), tag_);
  inside_part = false;
  return close_job();
}

/// A team of all begins with the first node. A smaller one has the caller in it, and rather neighbours on its node.
void ThreadPool::choose_team(unsigned team) {
  team_ = team;
  unsigned first = team == size() ? 0 : caller_seat_;
  auto may_go_down = [&] {
    return first > 0 && caller_seat_ - first + 1 < team && seats_[first - 1].node == seats_[caller_seat_].node;
  };
  if (team < size())
    while (may_go_down()) --first;
  first_seat_.store(first, std::memory_order_relaxed);
}

const Seat& ThreadPool::seat_of(unsigned share) const {
  const unsigned seat = first_seat_.load(std::memory_order_relaxed) + share;
  return seats_[seat < size() ? seat : seat - size()];
}

ThreadPool::Desk& ThreadPool::desk_of(unsigned share) {
  return desks_[desk_at_[&seat_of(share) - seats_.data()].load(std::memory_order_relaxed)];
}

/// Each node of the team gets its fraction of the parts, or those whose memory it has, and cuts them evenly. Nobody
/// begins yet.
void ThreadPool::lay_out(std::size_t parts, PartFunction function, const void* state) {
  constexpr auto relaxed = std::memory_order_relaxed;
  order_.clear();
  unsigned workers_ahead = 0;
  const bool by_home = part_homes.size() == parts && spans_nodes();
  for (unsigned begin = 0, end = 0; begin < team_; begin = end) {
    while (end < team_ && seat_of(end).node == seat_of(begin).node) ++end;
    const std::size_t first = by_home ? order_.size() : parts * begin / team_;
    const std::size_t last = by_home ? order_parts(parts, begin, end) : parts * end / team_;
    for (unsigned i = begin; i < end; ++i) {
      const std::size_t share_begin = first + (last - first) * (i - begin) / (end - begin);
      const std::size_t share_end = first + (last - first) * (i + 1 - begin) / (end - begin);
      Desk& desk = desk_of(i);
      desk.function.store(function, relaxed);
      desk.state.store(state, relaxed);
      desk.place.store({std::uint16_t(i), std::uint16_t(team_), std::uint16_t(begin), std::uint16_t(end)}, relaxed);
      desk.parts.store(std::uint32_t(parts), relaxed);
      desk.end.store(std::uint32_t(share_end), relaxed);
      // The caller has one of them, wherever its share is.
      desk.has_core.store(&desk == &desks_.back() || workers_ahead++ + 1 < begin_cores_, relaxed);
      const std::uint32_t next = share_begin < share_end ? std::uint32_t(share_begin) : none;
      desk.next.store(std::uint64_t{tag_} << 32 | next, std::memory_order_release);
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

/// Nobody may begin before all is laid out: `order_` still grows until then.
void ThreadPool::open_job() {
  cores_of_job_.store(std::uint64_t{tag_} << 32 | begin_cores_, std::memory_order_relaxed);
  for (unsigned i = 0; i < team_; ++i) desk_of(i).tag.store(tag_, std::memory_order_release);
  epoch_.fetch_add(1, std::memory_order_seq_cst);
  if (sleepers_.load(std::memory_order_seq_cst) > 0) futex_wake_all(epoch_);
}

/// Waits only for threads that are in the middle of a part, not for those that still wake up: all parts are taken, so
/// whoever has one is known to be at work. Returns how many took part.
unsigned ThreadPool::close_job() {
  unsigned some = 0;
  for (unsigned i = 0; i < team_; ++i) {
    const Desk& desk = desk_of(i);
    wait_for(desk);
    some += desk.progress.load(std::memory_order_relaxed) == tag_ + ran_some;
  }
  const std::uint32_t left = std::uint32_t(cores_of_job_.exchange(0, std::memory_order_relaxed));
  if (cores_) cores_->give_back(left);
  return some;
}

void ThreadPool::wait_for(const Desk& desk) {
  auto at_work = [&](std::memory_order order) { return desk.progress.load(order) == tag_; };
  if (!at_work(std::memory_order_acquire)) return;
  if (spin_until(spin_ns, [&] { return !at_work(std::memory_order_acquire); })) return;
  caller_sleeps_.store(true, std::memory_order_seq_cst);
  while (at_work(std::memory_order_seq_cst)) futex_wait(desk.progress, tag_);
  caller_sleeps_.store(false, std::memory_order_relaxed);
}

/// Runs the parts of its own share, then those that others have left, its own node's first. False when it gave its core
/// to another call before that.
bool ThreadPool::take_parts(Desk& own, std::uint32_t tag) {
  Turn turn{.any = own.progress.load(std::memory_order_relaxed) == tag + ran_some};  // before it gave way
  own.progress.store(tag, std::memory_order_relaxed);
  take_share(own, own, tag, turn);
  finish(own, tag, turn.any);
  const Place place = own.place.load(std::memory_order_relaxed);
  const bool one_each = own.parts.load(std::memory_order_relaxed) == place.team;
  const unsigned near = place.node_end - place.node_begin;
  for (unsigned i = 1; i < place.team && !turn.gave_way; ++i) {
    Desk& other = desk_of(i < near ? place.node_begin + (place.share - place.node_begin + i) % near
                                   : (place.node_end + i - near) % place.team);
    // The caller is surely at its only part: to look would move the line that it writes for the next job.
    if (one_each && &other == &desks_.back()) continue;
    const std::uint64_t next = other.next.load(std::memory_order_acquire);
    if (next >> 32 != tag || std::uint32_t(next) == none) continue;
    own.progress.store(tag, std::memory_order_relaxed);
    take_share(other, own, tag, turn);
    finish(own, tag, turn.any);
  }
  return !turn.gave_way;
}

/// Runs what is left of the share on `desk`. An owner who is at work gets a moment to take its last part: what it did
/// in the last call it has in its cache.
void ThreadPool::take_share(Desk& desk, const Desk& own, std::uint32_t tag, Turn& turn) {
  unsigned patience = &desk == &own ? 0 : 16;
  std::uint64_t next = desk.next.load(std::memory_order_acquire);
  while (next >> 32 == tag && std::uint32_t(next) != none) {
    const std::uint32_t part = std::uint32_t(next);
    const bool last = part + 1 == desk.end.load(std::memory_order_relaxed);
    if (last && patience > 0 && desk.progress.load(std::memory_order_relaxed) == tag) {
      --patience;
      cpu_relax();
      next = desk.next.load(std::memory_order_acquire);
      continue;
    }
    // Not before its first part: a job of one part each is over before that would help anybody.
    if (turn.any && &own != &desks_.back() && gives_way(tag)) {
      turn.gave_way = true;
      return;
    }
    const std::uint64_t rest = std::uint64_t{tag} << 32 | (last ? none : part + 1);
    if (!desk.next.compare_exchange_weak(next, rest, std::memory_order_acq_rel, std::memory_order_acquire)) continue;
    own.function.load(std::memory_order_relaxed)(own.state.load(std::memory_order_relaxed),
                                                 order_.empty() ? part : order_[part]);
    turn.any = true;
    next = rest;
  }
}

/// Gives a core of the job back when another call lacks one. The parts are the others' then, in the end the caller's.
bool ThreadPool::gives_way(std::uint32_t tag) {
  if (!cores_ || !cores_->are_short()) return false;
  std::uint64_t now = cores_of_job_.load(std::memory_order_relaxed);
  do {
    if (now >> 32 != tag || std::uint32_t(now) < 2) return false;
  } while (!cores_of_job_.compare_exchange_weak(now, now - 1, std::memory_order_relaxed));
  cores_->give_back(1);
  return true;
}

/// Gets another core for the job if one is left. Not once it is over, when nobody would give it back.
bool ThreadPool::get_core(std::uint32_t tag) {
  if (!cores_->take_one()) return false;
  std::uint64_t now = cores_of_job_.load(std::memory_order_relaxed);
  do {
    if (now >> 32 != tag) {
      cores_->give_back(1);
      return false;
    }
  } while (!cores_of_job_.compare_exchange_weak(now, now + 1, std::memory_order_relaxed));
  return true;
}

/// Until the job is over, or another one has begun.
bool ThreadPool::wait_for_core(const Desk& own, std::uint32_t tag) {
  auto is_over = [&] {
    return stop_.load(std::memory_order_acquire) || own.tag.load(std::memory_order_acquire) != tag ||
           cores_of_job_.load(std::memory_order_relaxed) >> 32 != tag;
  };
  bool has_core = false;
  sleepers_.fetch_add(1, std::memory_order_seq_cst);
  for (;;) {
    const std::uint32_t epoch = epoch_.load(std::memory_order_seq_cst);
    if (is_over() || (has_core = get_core(tag))) break;
    futex_wait(epoch_, epoch, Waiters::this_process, core_tick_ns);
  }
  sleepers_.fetch_sub(1, std::memory_order_relaxed);
  return has_core;
}

void ThreadPool::finish(Desk& own, std::uint32_t tag, bool any) {
  own.progress.store(tag + (any ? ran_some : ran_none), std::memory_order_seq_cst);
  if (caller_sleeps_.load(std::memory_order_seq_cst)) futex_wake_all(own.progress);
}

void ThreadPool::work(unsigned index) {
  const FloatingPointGuard floating_point;
  inside_part = true;
  Desk& own = desks_[index];
  for (std::uint32_t seen = 0;;) {
    wait_for_job(own, seen);
    if (stop_.load(std::memory_order_acquire)) return;
    seen = own.tag.load(std::memory_order_acquire);
    bool has_core = own.has_core.load(std::memory_order_relaxed);
    do {
      if (!has_core && !wait_for_core(own, seen)) break;
      has_core = false;  // it comes back without one
    } while (!take_parts(own, seen));
  }
}

/// Or until the pool ends.
void ThreadPool::wait_for_job(const Desk& own, std::uint32_t seen) {
  auto is_called = [&] {
    return own.tag.load(std::memory_order_acquire) != seen || stop_.load(std::memory_order_acquire);
  };
  if (spin_until(spin_ns, is_called)) return;
  sleepers_.fetch_add(1, std::memory_order_seq_cst);
  for (;;) {
    const std::uint32_t epoch = epoch_.load(std::memory_order_seq_cst);
    if (is_called()) break;
    futex_wait(epoch_, epoch);
  }
  sleepers_.fetch_sub(1, std::memory_order_relaxed);
}

}  // namespace flynn
