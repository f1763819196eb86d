#pragma once
#include <memory>
#include <vector>

#include <flynn/shared_vector.hpp>
#include <host/mp/task_board.hpp>

namespace flynn::mp {

/// The shared memory that a worker makes for answers which have no room on the board. The pool maps it once; it is used
/// again when the pool has read it.
class Outbox {
 public:
  /// Memory with room for so many bytes after its head, which says busy. Throws Error.
  SharedMemory& take(std::size_t bytes);

 private:
  std::vector<std::unique_ptr<SharedMemory>> parcels_;
};

/// The answer to one call.
class Answer : public detail::Sink {
 public:
  /// `seen` is rung when a piece of a trail is there.
  Answer(Slot& slot, std::uint64_t sequence, Outbox& outbox, Bell& seen)
      : slot_(slot), sequence_(sequence), outbox_(outbox), seen_(seen) {}
  void write(const std::function<void(Writer&)>& encode) override { write(Frame::Kind::result, encode); }
  void write_failure(const Failure& failure);

 private:
  void write(Frame::Kind kind, const std::function<void(Writer&)>& encode);

  Slot& slot_;
  const std::uint64_t sequence_;
  Outbox& outbox_;
  Bell& seen_;
};

/// For a call whose result nobody wants.
class NoAnswer : public detail::Sink {
 public:
  void write(const std::function<void(Writer&)>&) override {}
};

}  // namespace flynn::mp
