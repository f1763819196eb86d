#pragma once
// How a trail (see Trail) goes from one process to another: one copies it into shared memory piece by piece, the other
// out of it close behind, so that two CPUs copy at a time.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

#include <flynn/mp/archive.hpp>
#include <host/pools/bell.hpp>

namespace flynn::mp {

/// Writes it into `room`, all but the trail. How many bytes that has; or, when there is no room for them, all of it,
/// which has no trail then.
template <class Encode>
std::size_t write_small(const Encode& encode, std::span<std::byte> room, std::vector<flynn::detail::SharedRef>* shared,
                        std::vector<Enclosure>* enclosures, Trail& trail) {
  Writer out(room, shared, enclosures, &trail);
  encode(out);
  if (out.fits() || trail.bytes == 0) return out.used();
  trail = {};
  Writer counter({}, shared, enclosures);
  encode(counter);
  return counter.used();
}

inline constexpr std::size_t piece_bytes = std::size_t{256} << 10;

/// Calls `show` when another piece is there.
template <class Show>
void copy_in_pieces(const Trail& trail, std::byte* to, const Show& show) {
  for (std::size_t begin = 0; begin < trail.bytes; begin += piece_bytes) {
    std::memcpy(to + begin, trail.data + begin, std::min(piece_bytes, trail.bytes - begin));
    show();
  }
}

/// A trail as it comes.
class Pieces : public TrailSource {
 public:
  explicit Pieces(std::span<const std::byte> all) : TrailSource(all.size()), all_(all) {}

 protected:
  ~Pieces() = default;
  /// What is there and was not taken, when `count` pieces have come.
  std::span<const std::byte> take(std::size_t count) {
    const std::size_t begin = taken_;
    taken_ = std::max(begin, std::min(count * piece_bytes, all_.size()));
    return all_.subspan(begin, taken_ - begin);
  }
  std::size_t taken() const { return taken_; }

 private:
  const std::span<const std::byte> all_;
  std::size_t taken_ = 0;
};

/// For who has nothing else to do: waits for the bell, which counts the pieces.
class AwaitedPieces final : public Pieces {
 public:
  AwaitedPieces(std::span<const std::byte> all, Bell& bell) : Pieces(all), bell_(bell) {}
  std::span<const std::byte> next() override {
    for (;;) {
      const std::uint32_t count = bell_.now();
      if (const auto piece = take(count); !piece.empty() || taken() == bytes) return piece;
      bell_.wait(count);
    }
  }

 private:
  Bell& bell_;
};

/// For who has: what is there now.
class SeenPieces final : public Pieces {
 public:
  SeenPieces(std::span<const std::byte> all, const std::atomic<std::uint32_t>& count) : Pieces(all), count_(count) {}
  std::span<const std::byte> next() override { return take(count_.load(std::memory_order_acquire)); }
  bool is_read() const { return taken() == bytes; }

 private:
  const std::atomic<std::uint32_t>& count_;
};

}  // namespace flynn::mp
