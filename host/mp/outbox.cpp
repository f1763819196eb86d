#include <cerrno>
#include <cstring>
#include <host/mp/outbox.hpp>
#include <host/mp/pieces.hpp>
#include <host/pools/child.hpp>
#include <host/pools/message.hpp>

namespace flynn::mp {
namespace {

/// What is kept for the next answers.
constexpr std::size_t most_kept = std::size_t{128} << 20;

ParcelHead& head_of(const SharedMemory& parcel) { return *static_cast<ParcelHead*>(parcel.data()); }
std::span<std::byte> bytes_in(const SharedMemory& parcel) {
  return {static_cast<std::byte*>(parcel.data()) + sizeof(ParcelHead), parcel.bytes() - sizeof(ParcelHead)};
}

void must(int error) {
  if (error == 0) return;
  throw Error(Code::resource_exhausted, std::string("cannot pass the result to the pool: ") + std::strerror(error));
}

}  // namespace

SharedMemory& Outbox::take(std::size_t bytes) {
  bytes += sizeof(ParcelHead);
  std::size_t kept = 0;
  for (auto parcel = parcels_.begin(); parcel != parcels_.end();) {
    if (head_of(**parcel).is_busy.load(std::memory_order_acquire)) {
      ++parcel;
      continue;
    }
    if ((*parcel)->bytes() >= bytes) {
      head_of(**parcel).is_busy.store(1, std::memory_order_relaxed);
      return **parcel;
    }
    kept += (*parcel)->bytes();
    if (kept + bytes <= most_kept) {
      ++parcel;
      continue;
    }
    must(send_message(child_fd, {.kind = Message::Kind::unmap, .id = (*parcel)->id()}));
    parcel = parcels_.erase(parcel);
  }
  SharedMemory& parcel = *parcels_.emplace_back(std::make_unique<SharedMemory>(bytes));
  head_of(parcel).is_busy.store(1, std::memory_order_relaxed);
  must(send_message(child_fd, {.kind = Message::Kind::parcel, .id = parcel.id(), .bytes = parcel.bytes()},
                    parcel.file()));
  return parcel;
}

void Answer::write(Frame::Kind kind, const std::function<void(Writer&)>& encode) {
  Frame frame{.kind = kind, .item = std::uint32_t(item), .sequence = sequence_};
  std::vector<flynn::detail::SharedRef> shared;
  Trail trail;
  const std::size_t used = write_small(encode, slot_.bytes, &shared, nullptr, trail);
  const SharedMemory* parcel = nullptr;
  if (trail.bytes > 0) {
    parcel = &outbox_.take(trail.bytes);
  } else if (used > Slot::room) {
    parcel = &outbox_.take(used);
    Writer again(bytes_in(*parcel), &shared);
    encode(again);
    if (again.used() != used) throw Error(Code::invalid_argument, "a result was written with two different sizes");
  }
  if (parcel) frame.parcel = parcel->id();
  for (const auto& memory : shared)
    must(send_message(child_fd, {.kind = Message::Kind::parcel, .id = memory->id(), .bytes = memory->bytes()},
                      memory->file()));
  frame.bytes = used;
  frame.trail = trail.bytes;
  slot_.frame = frame;
  seal(slot_.frame);
  if (trail.bytes == 0) return;
  copy_in_pieces(trail, bytes_in(*parcel).data(), [this] {
    slot_.answered.fetch_add(1, std::memory_order_release);
    seen_.ring(1);
  });
}

void Answer::write_failure(const Failure& failure) {
  write(Frame::Kind::failure, [&](Writer& out) { out(failure); });
}

}  // namespace flynn::mp
