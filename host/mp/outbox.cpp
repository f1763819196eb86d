#include <cerrno>
#include <cstring>
#include <host/mp/outbox.hpp>
#include <host/pools/child.hpp>
#include <host/pools/message.hpp>

namespace flynn::mp {
namespace {

/// What is kept for the next answers.
constexpr std::size_t most_kept = std::size_t{128} << 20;

ParcelHead& head_of(const SharedMemory& parcel) { return *static_cast<ParcelHead*>(parcel.data()); }

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
  Writer out(slot_.bytes, &shared);
  encode(out);
  if (!out.fits()) {
    const SharedMemory& parcel = outbox_.take(out.used());
    Writer again({static_cast<std::byte*>(parcel.data()) + sizeof(ParcelHead), parcel.bytes() - sizeof(ParcelHead)},
                 &shared);
    encode(again);
    if (again.used() != out.used())
      throw Error(Code::invalid_argument, "a result was written with two different sizes");
    frame.parcel = parcel.id();
  }
  for (const auto& memory : shared)
    must(send_message(child_fd, {.kind = Message::Kind::parcel, .id = memory->id(), .bytes = memory->bytes()},
                      memory->file()));
  frame.bytes = out.used();
  slot_.frame = frame;
  seal(slot_.frame);
}

void Answer::write_failure(const Failure& failure) {
  write(Frame::Kind::failure, [&](Writer& out) { out(failure); });
}

}  // namespace flynn::mp
