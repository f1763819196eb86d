#pragma once
// A queue in shared memory. What a process does to it shows by one store at the end of each put and get, so that a
// process which dies at any instruction leaves it whole: an item that was not put yet is not there, one that was not
// taken yet is still there. See docs/adr/0021-channels.md.

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <utility>

#include <flynn/execution.hpp>
#include <flynn/mp/queue.hpp>
#include <host/mp/robust_mutex.hpp>
#include <host/pools/protection.hpp>

namespace flynn::mp {

/// An item, or where it is.
struct Item {
  static constexpr std::size_t room = 496;
  std::uint64_t bytes;
  std::uint64_t extent;  ///< where they lie in the file of the queue; 0: here
  std::byte data[room];
};

/// What processes share. Behind it lie `capacity` items, and for QueueOrder::least their order.
struct QueueBoard {
  std::uint64_t magic, type, capacity;
  QueueOrder order;
  std::atomic<std::uint32_t> is_closed;
  std::atomic<std::uint64_t> next_extent;

  // Items number `head` to `tail` are there. Only first_in moves the head: then each has its lock, else both the first.
  alignas(64) RobustMutex put_lock;
  std::atomic<std::uint64_t> tail;
  Bell come;  ///< an item has
  alignas(64) RobustMutex get_lock;
  std::atomic<std::uint64_t> head;
  Bell gone;
  alignas(64) std::atomic<std::uint64_t> done;  ///< items that task_done() was called for
  Bell all_done;

  /// What the one who has the lock of a `least` queue will do to its order, complete before it begins: whoever finds it
  /// does it (again), with the same result.
  struct Plan {
    std::atomic<std::uint32_t> moves;  ///< 0: none
    std::uint64_t tail;
    struct {
      std::uint32_t position, item;
    } move[64];
  };
  alignas(64) Plan plan;

  Item* items() { return reinterpret_cast<Item*>(this + 1); }
  /// A heap of the items that are there, and then those that are free.
  std::uint32_t* order_of_items() { return reinterpret_cast<std::uint32_t*>(items() + capacity); }
  static std::size_t bytes_for(std::uint64_t capacity) {
    return sizeof(QueueBoard) + capacity * (sizeof(Item) + sizeof(std::uint32_t));
  }
  std::uint64_t size() const {
    const std::uint64_t first = head.load(std::memory_order_acquire);  // before the tail: never more than that
    return tail.load(std::memory_order_acquire) - first;
  }
};

/// The product stores without more ado; a test may end the process before any store.
struct NoFaults {
  static void point() {}
};

enum class Outcome { done, late, closed };

/// The operations. `less(a, b)` compares items of a `least` queue; it may throw.
template <class Less, class Faults = NoFaults>
class QueueCore {
 public:
  QueueCore(QueueBoard& board, Less less) : board_(board), less_(std::move(less)) {}

  static void init(QueueBoard& board, QueueOrder order, std::uint64_t capacity) {
    board.order = order;
    board.capacity = capacity;
    board.put_lock.init();
    board.get_lock.init();
    for (std::uint64_t i = 0; i < capacity; ++i) board.order_of_items()[i] = std::uint32_t(i);
  }

  /// O(1); O(log n) comparisons for QueueOrder::least.
  Outcome put(const Item& item, std::int64_t deadline) {
    const auto has_room = [&] { return board_.size() < board_.capacity; };
    for (;;) {
      if (!wait(board_.gone, deadline, [&] { return is_closed() || has_room(); })) return Outcome::late;
      const Lock lock(*this, board_.put_lock, deadline);
      if (!lock.is_mine()) return Outcome::late;
      if (is_closed()) return Outcome::closed;
      if (!has_room()) continue;
      add(item);
      break;
    }
    Faults::point();
    board_.come.ring(1);
    return Outcome::done;
  }

  Outcome get(Item& item, std::int64_t deadline) {
    const auto has_items = [&] { return board_.size() > 0; };
    RobustMutex& its_lock = board_.order == QueueOrder::first_in ? board_.get_lock : board_.put_lock;
    for (;;) {
      if (!wait(board_.come, deadline, [&] { return has_items() || is_closed(); })) return Outcome::late;
      if (!has_items()) return Outcome::closed;
      const Lock lock(*this, its_lock, deadline);
      if (!lock.is_mine()) return Outcome::late;
      if (!has_items()) continue;
      take(item);
      break;
    }
    Faults::point();
    board_.gone.ring(1);
    return Outcome::done;
  }

  /// No put() succeeds after it.
  void close() {
    {
      const Lock lock(*this, board_.put_lock, monotonic_ns());
      board_.is_closed.store(1, std::memory_order_release);
    }
    board_.come.ring();
    board_.gone.ring();
  }

  /// False when there is no item left that it was not called for.
  bool task_done() {
    std::uint64_t done = board_.done.load(std::memory_order_relaxed);
    do {
      if (done >= board_.tail.load(std::memory_order_acquire)) return false;
      Faults::point();
    } while (!board_.done.compare_exchange_weak(done, done + 1, std::memory_order_acq_rel));
    Faults::point();
    if (all_are_done()) board_.all_done.ring();
    return true;
  }

  /// Of a first_in queue: whether task_done() was called for each item that was put.
  bool join(std::int64_t deadline) {
    return wait(board_.all_done, deadline, [&] { return all_are_done(); });
  }

 private:
  /// At least so long even for those who do not want to wait: others have it for less than a microsecond.
  static constexpr std::int64_t lock_ns = 100'000'000;
  static constexpr int turns = 2000;  ///< of spinning, which is as long, before the kernel is asked

  class Lock {
   public:
    Lock(QueueCore& core, RobustMutex& lock, std::int64_t deadline) : lock_(lock) {
      for (int turn = 0; turn < turns && (got_ = lock.try_lock()) == Got::no; ++turn) cpu_relax();
      if (got_ == Got::no)
        got_ = lock.lock(deadline == no_deadline ? deadline : std::max(deadline, monotonic_ns() + lock_ns));
      if (got_ == Got::after_death && protects("plan")) core.carry_out();
    }
    ~Lock() {
      if (is_mine()) lock_.unlock();
    }
    Lock(const Lock&) = delete;
    bool is_mine() const { return got_ == Got::yes || got_ == Got::after_death; }

   private:
    RobustMutex& lock_;
    Got got_ = Got::no;
  };

  /// Those who die ring no bell: then the waiters find it when they look by themselves.
  template <class Holds>
  static bool wait(Bell& bell, std::int64_t deadline, const Holds& holds) {
    return wait_for_bell(bell, deadline, holds, [] {});
  }

  bool is_closed() const { return board_.is_closed.load(std::memory_order_acquire) != 0; }

  bool all_are_done() const {
    const std::uint64_t done = board_.done.load(std::memory_order_acquire);
    return done == board_.tail.load(std::memory_order_acquire);
  }

  static void copy(Item& to, const Item& from) {
    Faults::point();
    to.bytes = from.bytes;
    Faults::point();
    to.extent = from.extent;
    Faults::point();
    if (from.extent == 0) std::memcpy(to.data, from.data, std::min<std::size_t>(from.bytes, Item::room));
  }

  static void store(std::atomic<std::uint64_t>& end, std::uint64_t value) {
    Faults::point();
    end.store(value, std::memory_order_release);
  }

  void add(const Item& item) {
    const std::uint64_t tail = board_.tail.load(std::memory_order_relaxed);
    switch (board_.order) {
      case QueueOrder::first_in:
        if (!protects("commit")) store(board_.tail, tail + 1);
        copy(board_.items()[tail % board_.capacity], item);
        return store(board_.tail, tail + 1);
      case QueueOrder::last_in:
        copy(board_.items()[tail], item);
        return store(board_.tail, tail + 1);
      case QueueOrder::least:
        copy(board_.items()[board_.order_of_items()[tail]], item);
        plan_rise(std::uint32_t(tail));
        return carry_out();
    }
  }

  void take(Item& item) {
    const std::uint64_t tail = board_.tail.load(std::memory_order_relaxed);
    const std::uint64_t head = board_.head.load(std::memory_order_relaxed);
    switch (board_.order) {
      case QueueOrder::first_in:
        copy(item, board_.items()[head % board_.capacity]);
        return store(board_.head, head + 1);
      case QueueOrder::last_in:
        copy(item, board_.items()[tail - 1]);
        return store(board_.tail, tail - 1);
      case QueueOrder::least:
        copy(item, board_.items()[board_.order_of_items()[0]]);
        plan_fall(std::uint32_t(tail - 1));
        return carry_out();
    }
  }

  // Of a heap: which item comes where.

  void plan_move(std::uint32_t& moves, std::uint32_t position, std::uint32_t item) {
    Faults::point();
    board_.plan.move[moves++] = {position, item};
  }

  void commit(std::uint32_t moves, std::uint64_t tail) {
    Faults::point();
    board_.plan.tail = tail;
    Faults::point();
    board_.plan.moves.store(moves, std::memory_order_release);
  }

  /// The item at position `last` is new.
  void plan_rise(std::uint32_t last) {
    const std::uint32_t* order = board_.order_of_items();
    const Item* items = board_.items();
    std::uint32_t hole = last, moves = 0;
    while (hole > 0) {
      const std::uint32_t parent = (hole - 1) / 2;
      if (!less_(items[order[last]], items[order[parent]])) break;
      plan_move(moves, hole, order[parent]);
      hole = parent;
    }
    plan_move(moves, hole, order[last]);
    commit(moves, std::uint64_t{last} + 1);
  }

  /// The first one goes; that at position `last` takes its place, and falls to where it belongs.
  void plan_fall(std::uint32_t last) {
    const std::uint32_t* order = board_.order_of_items();
    const Item* items = board_.items();
    std::uint32_t hole = 0, moves = 0;
    for (std::uint32_t child; (child = 2 * hole + 1) < last; hole = child) {
      if (child + 1 < last && less_(items[order[child + 1]], items[order[child]])) ++child;
      if (!less_(items[order[child]], items[order[last]])) break;
      plan_move(moves, hole, order[child]);
    }
    if (last > 0) plan_move(moves, hole, order[last]);
    plan_move(moves, last, order[0]);
    commit(moves, last);
  }

  /// Does what is planned; also for somebody who died in the middle of it.
  void carry_out() {
    const std::uint32_t moves = board_.plan.moves.load(std::memory_order_acquire);
    if (moves == 0) return;
    for (std::uint32_t i = 0; i < moves; ++i) {
      Faults::point();
      board_.order_of_items()[board_.plan.move[i].position] = board_.plan.move[i].item;
    }
    store(board_.tail, board_.plan.tail);
    Faults::point();
    board_.plan.moves.store(0, std::memory_order_release);
  }

  QueueBoard& board_;
  Less less_;
};

}  // namespace flynn::mp
