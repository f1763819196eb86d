#pragma once
// Queues between threads and processes: Queue, JoinableQueue, LifoQueue, PriorityQueue.

#include <cstddef>
#include <functional>
#include <memory>

#include <flynn/mp/sendable.hpp>
#include <flynn/mp/state.hpp>

namespace flynn::mp {

enum class QueueOrder : std::uint32_t { first_in, last_in, least };

namespace detail {

/// A queue of values that are bytes, in shared memory. One for each queue and process.
class FLYNN_API QueueState {
 public:
  /// Whether the first value comes before the second one.
  using Less = bool (*)(Reader& a, Reader& b);

  QueueState(QueueOrder order, std::size_t capacity, std::uint64_t type, Less less);
  /// One that another process has made; owns the descriptor. Throws Error when it is something else.
  QueueState(int file, QueueOrder order, std::uint64_t type, Less less);
  ~QueueState();
  QueueState(const QueueState&) = delete;

  void put(const std::function<void(Writer&)>& encode, Duration timeout);
  void get(const std::function<void(Reader&)>& decode, Duration timeout);
  std::size_t size() const;
  std::size_t capacity() const;
  void close();
  bool is_closed() const;
  void task_done();
  bool join(Duration timeout);
  int file() const;

 private:
  struct Shared;
  std::unique_ptr<Shared> shared_;
};

[[noreturn]] FLYNN_API void no_queue();

/// What all queues have. Copies are the same queue, in the other process too when it is an argument of a Process or of
/// a task of a Pool: it is passed by descriptor, and lives as long as somebody has it. Any number of threads and
/// processes may use it at once. What a process that is killed was putting or getting is lost or not, as a whole;
/// nothing else is.
///
/// An item of up to 496 bytes lies in the queue; a larger one in pages of its own, which costs some microseconds more.
template <class T, QueueOrder order, class Compare = void>
class QueueOf {
 public:
  using value_type = T;

  /// None: everything but assignment throws.
  QueueOf() { require_sendable<T>(); }
  /// For so many items, whose memory (512 bytes each) is there from now on. Throws Error: `invalid_argument` for 0,
  /// `out_of_memory`, `resource_exhausted` when there is no descriptor.
  explicit QueueOf(std::size_t maxsize)
      : state_(std::make_shared<QueueState>(order, maxsize, type_id<QueueOf>(), less())) {
    require_sendable<T>();
  }

  /// Waits while it is full. Throws Full when it still is after that time, Closed when it was closed, Error
  /// `out_of_memory` for a large item. O(bytes); PriorityQueue: and O(log n) comparisons.
  void put(const T& item, Duration timeout = forever) const {
    state().put([&](Writer& out) { out(item); }, timeout);
  }
  void put_nowait(const T& item) const { put(item, Duration(0)); }
  Result<void> try_put(const T& item, Duration timeout = Duration(0)) const {
    return attempt<void>([&] { put(item, timeout); });
  }

  /// Takes the next item; waits while there is none. Throws Empty when there still is none after that time, Closed when
  /// the queue was closed and is empty. O(bytes); PriorityQueue: and O(log n) comparisons.
  T get(Duration timeout = forever) const {
    T item{};
    state().get([&](Reader& in) { in(item); }, timeout);
    return item;
  }
  T get_nowait() const { return get(Duration(0)); }
  Result<T> try_get(Duration timeout = Duration(0)) const {
    return attempt<T>([&] { return get(timeout); });
  }

  /// How many items are there, or were a moment ago: others put and get. O(1), as all that follows.
  std::size_t qsize() const { return state().size(); }
  bool empty() const { return qsize() == 0; }
  bool full() const { return qsize() >= maxsize(); }
  std::size_t maxsize() const { return state().capacity(); }

  /// For all who have it: nothing is put any more; what is there can still be got.
  void close() const { state().close(); }
  bool closed() const { return state().is_closed(); }

  void save(Writer& out) const { out.enclose(state().file()); }
  void load(Reader& in) { state_ = std::make_shared<QueueState>(in.enclosed(), order, type_id<QueueOf>(), less()); }

 protected:
  QueueState& state() const {
    if (!state_) no_queue();
    return *state_;
  }

 private:
  static QueueState::Less less() {
    if constexpr (std::is_void_v<Compare>)
      return nullptr;
    else
      return [](Reader& a, Reader& b) {
        T first{}, second{};
        a(first);
        b(second);
        return Compare()(first, second);
      };
  }
  template <class R, class F>
  static Result<R> attempt(const F& call) {
    try {
      if constexpr (std::is_void_v<R>)
        return call(), Result<R>();
      else
        return call();
    } catch (const Error& error) {
      return tl::unexpected(error);
    }
  }

  std::shared_ptr<QueueState> state_;
};

}  // namespace detail

/// First in, first out. What one thread puts is got in that order.
///
///     mp::Queue<int> queue(100);
///     mp::Process process(work_on, queue);
template <class T>
class Queue : public detail::QueueOf<T, QueueOrder::first_in> {
 public:
  using detail::QueueOf<T, QueueOrder::first_in>::QueueOf;
};

/// A Queue that knows when all that was put has been worked on.
template <class T>
class JoinableQueue : public detail::QueueOf<T, QueueOrder::first_in> {
 public:
  using detail::QueueOf<T, QueueOrder::first_in>::QueueOf;
  /// An item that was got is done. Throws Error `invalid_argument` when more are done than were put. O(1).
  void task_done() const { this->state().task_done(); }
  /// Waits until task_done() was called for each item that was put. Says whether that came in time: who dies with an
  /// item never calls it.
  bool join(Duration timeout = forever) const { return this->state().join(timeout); }
};

/// Last in, first out.
template <class T>
class LifoQueue : public detail::QueueOf<T, QueueOrder::last_in> {
 public:
  using detail::QueueOf<T, QueueOrder::last_in>::QueueOf;
};

/// The smallest item first (that of which Compare says that it comes before all others); equal ones in any order.
/// Compare is called by whoever puts or gets, and is default constructible.
template <class T, class Compare = std::less<T>>
class PriorityQueue : public detail::QueueOf<T, QueueOrder::least, Compare> {
 public:
  using detail::QueueOf<T, QueueOrder::least, Compare>::QueueOf;
};

}  // namespace flynn::mp
