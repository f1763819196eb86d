#pragma once
#include <atomic>
#include <mutex>

#include <flynn/resident.hpp>
#include <kernels/failure.hpp>
#include <kernels/piece.hpp>

namespace flynn::kernels {

/// What an Execution's text says after a failure of another module.
[[noreturn]] inline void pass_on(Status status, const Execution& execution) {
  throw Failure(status.code, "%s", execution.text->message);
}

/// The memory of an Array on the queue's device: the one that is there, or a new one, with its values when the call
/// reads them or leaves some as they are. What the call writes is nowhere else from then on. The queue offers
///   is_home_of(replica), make_replica(bytes), upload(replica, from, bytes).
template <class Queue>
const Replica& hold(Queue& queue, Execution& execution, Resident& resident, bool reads, bool writes) {
  const std::lock_guard lock(resident.mutex);
  const std::atomic_ref is_on_device(resident.is_on_device);
  Replica& replica = resident.replica;
  if (!queue.is_home_of(replica)) {
    if (const Status s = bring_home(resident, execution); !s.ok()) pass_on(s, execution);
    if (replica.device) replica.release(replica);
    replica = {};
    is_on_device.store(false, std::memory_order_relaxed);
    replica = queue.make_replica(resident.bytes);
  }
  if (reads && !resident.is_on_device) {
    queue.upload(replica, resident.host, resident.bytes);
    resident.bytes_moved += resident.bytes;
    is_on_device.store(true, std::memory_order_relaxed);
  }
  if (writes) {
    resident.is_kept |= resident.is_on_host;
    is_on_device.store(true, std::memory_order_relaxed);
    resident.is_on_host = false;
  }
  return replica;
}

/// Whether a call with this access has to find the values of an Array in memory: it reads them, or does not write all.
inline bool needs_values(const Piece& piece, const Resident& resident, Access access) {
  return access != Access::write || piece.rows * piece.row_bytes != resident.bytes;
}

}  // namespace flynn::kernels
