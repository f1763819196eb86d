#include <cstring>
#include <host/mp/frame.hpp>

namespace flynn::mp {
namespace {

constexpr std::uint32_t our_magic = 0x666c796e, our_version = 2;

/// Multiplies and folds, so that each bit moves half of the others.
std::uint64_t check_of(const Frame& frame) {
  std::uint64_t words[offsetof(Frame, check) / sizeof(std::uint64_t)], hash = 0x9e3779b97f4a7c15;
  static_assert(sizeof words == offsetof(Frame, check));
  std::memcpy(words, &frame, sizeof words);
  for (std::uint64_t word : words) {
    hash = (hash ^ word) * 0xd6e8feb86659fd93;
    hash ^= hash >> 32;
  }
  return hash;
}

}  // namespace

void seal(Frame& frame) {
  frame.magic = our_magic;
  frame.version = our_version;
  frame.check = check_of(frame);
}

bool is_sound(const Frame& frame, std::uint64_t sequence, std::size_t room) {
  return frame.magic == our_magic && frame.version == our_version && frame.check == check_of(frame) &&
         frame.kind >= Frame::Kind::call && frame.kind <= Frame::Kind::failure && frame.sequence == sequence &&
         (frame.parcel != 0 || frame.trail == 0) && (frame.is_in_parcel() || frame.bytes <= room);
}

}  // namespace flynn::mp
