#pragma once
// How values become bytes and back: cereal's archives, in memory that is there already. Both processes run the same
// program on the same machine, so numbers are stored as they lie in memory.

#if !__has_include(<cereal/cereal.hpp>)
#error "flynn/mp.hpp needs cereal: on Debian install libcereal-dev"
#endif

#include <algorithm>
#include <cereal/cereal.hpp>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

#include <flynn/shared_vector.hpp>
#include <flynn/status.hpp>

namespace flynn::mp {

/// A descriptor that goes along with some bytes, which have its id.
struct Enclosure {
  std::uint64_t id;
  int file;
};

/// The numbers of one large vector, which may come after the rest of a message, piece by piece, so that whoever reads
/// it begins while they are still being copied. The vector must last until the message was sent.
struct Trail {
  static constexpr std::size_t least = std::size_t{1} << 20;  ///< bytes: below that it is not worth it
  const std::byte* data = nullptr;
  std::size_t bytes = 0;
};

/// Where a Reader gets a trail of so many bytes.
class TrailSource {
 public:
  explicit TrailSource(std::size_t all) : bytes(all) {}
  /// What comes next.
  virtual std::span<const std::byte> next() = 0;
  const std::size_t bytes;

 protected:
  ~TrailSource() = default;
};

/// The vector that a trail is read into.
struct TrailEnd {
  void* vector = nullptr;
  void (*append)(void* vector, std::span<const std::byte> bytes) = nullptr;
};

/// Writes into the memory that it is given and counts on when that is full, so that a second try knows how much it
/// needs: `fits()` says whether all of it was written. What lies in shared memory goes as {id, offset}; the memory
/// itself is put into `shared`, for whoever sends the bytes to send it too.
class Writer : public cereal::OutputArchive<Writer> {
 public:
  /// Without `shared` and `enclosures`, what is written has no way to take descriptors along; without `trail`, all of
  /// it comes here.
  explicit Writer(std::span<std::byte> room, std::vector<flynn::detail::SharedRef>* shared = nullptr,
                  std::vector<Enclosure>* enclosures = nullptr, Trail* trail = nullptr)
      : OutputArchive(this), room_(room), shared_(shared), enclosures_(enclosures), trail_(trail) {
    if (enclosures_) enclosures_->clear();
    if (trail_) *trail_ = {};
  }

  void put(const void* data, std::size_t bytes) {
    if (bytes != 0 && used_ <= room_.size() && bytes <= room_.size() - used_)
      std::memcpy(room_.data() + used_, data, bytes);
    used_ += bytes;
  }
  /// Throws Error where no descriptor can go with the bytes.
  FLYNN_API void share(const flynn::detail::SharedRef& memory);
  /// The reader gets a descriptor of its own for the same file. Throws Error where that is not possible: only arguments
  /// take descriptors along.
  FLYNN_API void enclose(int file);
  /// Whether these numbers, whose count was written, come as the trail. False: they are to be written here.
  bool put_later(const void* data, std::size_t bytes) {
    if (!trail_ || trail_->data || bytes < Trail::least) return false;
    *trail_ = {static_cast<const std::byte*>(data), bytes};
    return true;
  }
  std::size_t used() const { return used_; }
  bool fits() const { return used_ <= room_.size(); }

 private:
  std::span<std::byte> room_;
  std::size_t used_ = 0;
  std::vector<flynn::detail::SharedRef>* const shared_;
  std::vector<Enclosure>* const enclosures_;
  Trail* const trail_;
};

/// Reads what a Writer wrote. Throws Error when there is less than is asked for: the bytes are damaged, or the two
/// sides do not agree about a type. `sender` is who sends the memory that belongs to it; 0: who started this process.
class Reader : public cereal::InputArchive<Reader> {
 public:
  /// Gives the descriptor with that id, once; -1 when there is none.
  using TakeFile = int (*)(std::uint64_t id);
  explicit Reader(std::span<const std::byte> bytes, std::uint64_t sender = 0, TakeFile take_file = nullptr,
                  TrailSource* trail = nullptr)
      : InputArchive(this), bytes_(bytes), sender_(sender), take_file_(take_file), trail_(trail) {}

  void get(void* data, std::size_t bytes) {
    const std::byte* const from = skip(bytes);
    if (bytes != 0) std::memcpy(data, from, bytes);
  }
  /// The next bytes where they lie.
  const std::byte* skip(std::size_t bytes) {
    if (bytes > left()) throw Error(Code::internal, "a message of flynn::mp ends too early");
    return bytes_.data() + std::exchange(used_, used_ + bytes);
  }
  /// What share() wrote. Throws Error when the memory does not come or cannot be mapped.
  FLYNN_API flynn::detail::SharedRef shared();
  /// The descriptor that was enclosed here; the caller closes it. Throws Error when it does not come.
  FLYNN_API int enclosed();
  /// Whether `size` numbers of `width` bytes come as the trail, which goes to that vector then. Throws Error when the
  /// trail is not of that size.
  bool get_later(std::size_t size, std::size_t width, TrailEnd end) {
    if (!trail_ || end_.vector || size < Trail::least / width) return false;
    if (trail_->bytes % width != 0 || size != trail_->bytes / width)  // size * width may wrap when it is damaged
      throw Error(Code::internal, "a message of flynn::mp is damaged");
    end_ = end;
    return true;
  }
  const TrailEnd& trail_end() const { return end_; }
  /// Waits for the trail and reads it.
  void finish() {
    for (std::size_t done = 0; end_.vector && done < trail_->bytes;) {
      const std::span<const std::byte> piece = trail_->next();
      end_.append(end_.vector, piece);
      done += piece.size();
    }
  }
  std::size_t left() const { return bytes_.size() - used_; }

 private:
  std::span<const std::byte> bytes_;
  std::size_t used_ = 0;
  const std::uint64_t sender_;
  const TakeFile take_file_;
  TrailSource* const trail_;
  TrailEnd end_;
  std::vector<flynn::detail::SharedRef> came_;
};

// What cereal asks of an archive.

template <class T>
requires std::is_arithmetic_v<T>
void CEREAL_SAVE_FUNCTION_NAME(Writer& out, const T& value) { out.put(&value, sizeof value); }
template <class T>
requires std::is_arithmetic_v<T>
void CEREAL_LOAD_FUNCTION_NAME(Reader& in, T& value) {
  if constexpr (std::is_same_v<T, bool>) {
    unsigned char byte;  // a bool of any other value is no value of its type
    in.get(&byte, 1);
    if (byte > 1) throw Error(Code::internal, "a message of flynn::mp is damaged");
    value = byte == 1;
  } else {
    in.get(&value, sizeof value);
  }
}

template <class T>
void CEREAL_SAVE_FUNCTION_NAME(Writer& out, const cereal::BinaryData<T>& data) {
  out.put(data.data, std::size_t(data.size));
}
template <class T>
void CEREAL_LOAD_FUNCTION_NAME(Reader& in, cereal::BinaryData<T>& data) {
  in.get(data.data, std::size_t(data.size));
}

template <class T>
void CEREAL_SAVE_FUNCTION_NAME(Writer& out, const cereal::SizeTag<T>& tag) {
  out(tag.size);
}
/// A container makes room before it reads, so a size that cannot be true is refused here. Elements without a byte of
/// their own may be more than there are bytes.
template <class T>
void CEREAL_LOAD_FUNCTION_NAME(Reader& in, cereal::SizeTag<T>& tag) {
  constexpr std::size_t most_empty = 1 << 20;
  in(tag.size);
  if (tag.size > std::max(in.left(), most_empty)) throw Error(Code::internal, "a message of flynn::mp is damaged");
}

namespace detail {
/// Memory that will be written soon, all of it: in huge pages where the kernel has them, each of which is one fault.
FLYNN_API void prepare(void* data, std::size_t bytes);
}  // namespace detail

namespace detail {

template <class T>
constexpr bool is_numbers = false;
template <class T, class A>
constexpr bool is_numbers<std::vector<T, A>> = std::is_arithmetic_v<T> && !std::is_same_v<T, bool>;

/// Makes room for so many, and nothing is in it.
template <class Numbers>
void make_room(Numbers& numbers, std::size_t size) {
  constexpr std::size_t large = std::size_t{4} << 20;
  const std::size_t bytes = size * sizeof(typename Numbers::value_type);
  const bool has_room = numbers.capacity() >= size;
  numbers.clear();
  numbers.reserve(size);
  if (!has_room && bytes >= large) prepare(numbers.data(), bytes);
}

/// Numbers are copied into untouched memory. cereal would set them to 0 first.
template <class Numbers>
void read_numbers(Reader& in, Numbers& numbers, std::size_t size) {
  using T = typename Numbers::value_type;
  if (size > in.left() / sizeof(T)) throw Error(Code::internal, "a message of flynn::mp ends too early");
  const std::byte* const bytes = in.skip(size * sizeof(T));
  make_room(numbers, size);
  if (reinterpret_cast<std::uintptr_t>(bytes) % alignof(T) == 0) {
    const T* const first = reinterpret_cast<const T*>(bytes);
    numbers.assign(first, first + size);
  } else {
    numbers.resize(size);
    if (size != 0) std::memcpy(numbers.data(), bytes, size * sizeof(T));
  }
}

}  // namespace detail

template <class T, class A>
requires detail::is_numbers<std::vector<T, A>>
void CEREAL_LOAD_FUNCTION_NAME(Reader& in, std::vector<T, A>& numbers) {
  cereal::size_type size = 0;
  in(cereal::make_size_tag(size));
  detail::read_numbers(in, numbers, std::size_t(size));
}

template <class T>
void CEREAL_SERIALIZE_FUNCTION_NAME(Writer& out, cereal::NameValuePair<T>& pair) {
  out(pair.value);
}
template <class T>
void CEREAL_SERIALIZE_FUNCTION_NAME(Reader& in, cereal::NameValuePair<T>& pair) {
  in(pair.value);
}

}  // namespace flynn::mp

CEREAL_REGISTER_ARCHIVE(flynn::mp::Writer)
CEREAL_REGISTER_ARCHIVE(flynn::mp::Reader)
CEREAL_SETUP_ARCHIVE_TRAITS(flynn::mp::Reader, flynn::mp::Writer)
