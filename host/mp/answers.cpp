#include <host/mp/pool_core.hpp>
#include <host/pools/mappings.hpp>

// What a pool makes of the answers on its board.

namespace flynn::mp::detail {
namespace {

/// An answer that a sound worker would not have given.
struct Damaged {};

}  // namespace

/// Finds the parts of an answer, and begins to make a result of it if it is one.
void PoolCore::open(Posted& posted, std::uint32_t number) {
  constexpr std::int64_t parcel_ns = 1'000'000'000;
  const Slot& slot = board_.slots[posted.slot];
  posted.arrival = std::make_unique<Arrival>(Arrival{.frame = slot.frame, .bytes = slot.bytes});
  Arrival& answer = *posted.arrival;
  const Frame& frame = answer.frame;
  if (!is_sound(frame, posted.sequence, Slot::room) || frame.kind == Frame::Kind::call) throw Damaged();
  std::span<const std::byte> parcel;
  if (frame.parcel != 0) {
    const std::span<std::byte> all = find_mapping(sender(number), frame.parcel, parcel_ns);
    if (all.size() < sizeof(ParcelHead)) throw Damaged();
    answer.head = reinterpret_cast<ParcelHead*>(all.data());
    parcel = all.subspan(sizeof(ParcelHead));
  }
  if (frame.is_in_parcel()) answer.bytes = parcel;
  if (frame.bytes > answer.bytes.size() || frame.trail > parcel.size()) throw Damaged();
  answer.bytes = answer.bytes.first(std::size_t(frame.bytes));
  if (frame.trail > 0) answer.trail.emplace(parcel.first(std::size_t(frame.trail)), slot.answered);
  if (frame.kind != Frame::Kind::result) return;
  Reader in(answer.bytes, sender(number), nullptr, answer.trail ? &*answer.trail : nullptr);
  posted.batch->decode(posted.task, in);
  answer.end = in.trail_end();
}

/// Reads what there is of an answer.
void PoolCore::read(Posted& posted, std::uint32_t number) {
  if (posted.trouble) return;
  try {
    if (!posted.arrival) open(posted, number);
    const TrailEnd& end = posted.arrival->end;
    if (end.vector) end.append(end.vector, posted.arrival->trail->next());
  } catch (...) {
    posted.trouble = std::current_exception();
  }
}

/// Of one that is complete.
void PoolCore::decode(Posted& posted, std::uint32_t number) {
  read(posted, number);
  try {
    if (posted.trouble) std::rethrow_exception(posted.trouble);
    if (!posted.arrival->is_read()) throw Damaged();
    if (posted.arrival->frame.kind == Frame::Kind::failure)
      fail_as_told(posted, number);
    else
      succeed(posted);
  } catch (const Damaged&) {
    supervisor_->kill(number, "what it answered was damaged");
    return fail(posted, [] {
      return Failure{.kind = Failure::Kind::damaged, .code = Code::worker_died, .text = "the answer is damaged"};
    });
  } catch (...) {
    posted.batch->fail(std::current_exception());
    succeed(posted);
  }
  if (posted.arrival && posted.arrival->head) posted.arrival->head->is_busy.store(0, std::memory_order_release);
}

void PoolCore::fail_as_told(const Posted& posted, std::uint32_t number) {
  Reader in(posted.arrival->bytes, sender(number));
  Failure failure;
  in(failure);
  failure.task = posted.batch->describe(posted.task, posted.arrival->frame.item);
  failure.text = failure.task + " threw " + failure.causes.at(0).type;
  if (!failure.causes[0].message.empty()) failure.text += ": " + failure.causes[0].message;
  fail(posted, [&] { return failure; });
}

}  // namespace flynn::mp::detail
