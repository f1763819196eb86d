// What flynn::mp sends: which types, what comes back of a round trip, and what damaged bytes do (row E1 of
// docs/faults.md).

#include <gtest/gtest.h>

#include <chrono>
#include <cstring>
#include <numeric>
#include <random>

#include <flynn/mp.hpp>
#include <host/mp/frame.hpp>
#include <host/mp/modules.hpp>
#include <tests/seed.hpp>

namespace flynn::mp {
namespace {

enum class Colour : std::uint8_t { red, green };
struct Plain {
  int x;
};
struct Told {
  int x = 0;
  std::vector<std::string> names = {};
  bool operator==(const Told&) const = default;
  template <class Archive>
  void serialize(Archive& archive) {
    archive(x, names);
  }
};

static_assert(Sendable<int> && Sendable<bool> && Sendable<double> && Sendable<Colour> && Sendable<std::string>);
static_assert(Sendable<std::vector<std::map<std::string, std::optional<Told>>>>);
static_assert(Sendable<std::tuple<int, std::pair<char, std::array<double, 3>>>>);
static_assert(Sendable<std::variant<std::monostate, int, std::set<std::string>>>);
static_assert(Sendable<std::chrono::milliseconds> && Sendable<std::bitset<70>> && Sendable<std::complex<float>>);
static_assert(!Sendable<int*> && !Sendable<const char*> && !Sendable<int&> && !Sendable<std::nullptr_t>);
static_assert(!Sendable<std::string_view> && !Sendable<std::span<int>> && !Sendable<std::vector<std::string_view>>);
static_assert(!Sendable<std::unique_ptr<int>> && !Sendable<std::shared_ptr<int>> && !Sendable<std::function<void()>>);
static_assert(!Sendable<Plain> && !Sendable<std::map<int, Plain>> && !Sendable<std::optional<int*>>);
static_assert(!Sendable<void (*)()>);

template <class T>
std::vector<std::byte> bytes_of(const T& value) {
  Writer counter({});
  counter(value);
  EXPECT_EQ(counter.fits(), counter.used() == 0);
  std::vector<std::byte> bytes(counter.used());
  Writer out(bytes);
  out(value);
  EXPECT_TRUE(out.fits());
  return bytes;
}

template <class T>
void expect_round_trip(const T& value) {
  const std::vector<std::byte> bytes = bytes_of(value);
  Reader in(bytes);
  T back{};
  in(back);
  EXPECT_EQ(back, value);
  EXPECT_EQ(in.left(), 0u);
  if (bytes.empty()) return;
  Reader too_short({bytes.data(), bytes.size() - 1});
  EXPECT_THROW(too_short(back), std::exception);
}

TEST(Values, GoThereAndBack) {
  expect_round_trip(-7);
  expect_round_trip(Colour::green);
  expect_round_trip(std::string("a\0b", 3));
  expect_round_trip(std::vector<double>{1, 2, 3});
  expect_round_trip(std::vector<bool>{true, false, true});
  expect_round_trip(std::map<std::string, std::optional<int>>{{"a", 1}, {"b", {}}});
  expect_round_trip(std::variant<int, std::string>("text"));
  expect_round_trip(std::tuple(1, 2.5, std::string("x"), std::array{1, 2}));
  expect_round_trip(Told{3, {"x", "y"}});
  expect_round_trip(std::chrono::milliseconds(5));
  expect_round_trip(std::complex<double>(1, 2));
  expect_round_trip(std::bitset<70>(5));
  expect_round_trip(std::unordered_map<int, std::list<int>>{{1, {2, 3}}});
}

TEST(Values, E1_ABoolIsOneOrNone) {
  for (const int byte : {0, 1, 2, 255}) {
    const std::byte bytes[] = {std::byte(byte)};
    Reader in(bytes);
    bool value = byte != 1;
    if (byte > 1) {
      EXPECT_THROW(in(value), Error) << byte;
    } else {
      in(value);
      EXPECT_EQ(value, byte == 1);
    }
  }
}

TEST(Values, E1_DamagedBytesAreAnError) {
  using Value = std::tuple<std::vector<std::string>, std::map<int, std::vector<double>>, std::optional<std::string>,
                           std::variant<int, std::string>, std::unordered_set<int>>;
  const std::vector<std::byte> good = bytes_of(Value({"one", "two"}, {{1, {1, 2}}, {2, {}}}, "three", 4, {5, 6}));
  std::mt19937_64 random(test_seed());
  int refused = 0;
  for (int round = 0; round < 20'000; ++round) {
    std::vector<std::byte> bytes = good;
    if (round % 3 == 0) bytes.resize(random() % bytes.size());
    for (int flips = int(random() % 4); flips >= 0 && !bytes.empty(); --flips)
      bytes[random() % bytes.size()] = std::byte(random());
    try {
      Reader in(bytes);
      Value value;
      in(value);
    } catch (const std::exception&) {
      ++refused;
    }
  }
  EXPECT_GT(refused, 10'000);
}

TEST(Frames, E1_AreCheckedBeforeAnythingElse) {
  Frame good{.kind = Frame::Kind::call, .sequence = 9, .bytes = 100};
  seal(good);
  EXPECT_TRUE(is_sound(good, 9, 100));
  EXPECT_FALSE(is_sound(good, 8, 100)) << "replayed, or out of order";
  EXPECT_FALSE(is_sound(good, 9, 99)) << "longer than its place";
  EXPECT_FALSE(is_sound(Frame{}, 0, 100)) << "empty";
  Frame huge = good;
  huge.bytes = std::uint64_t{1} << 63;
  EXPECT_FALSE(is_sound(huge, 9, 100));
  seal(huge);
  EXPECT_FALSE(is_sound(huge, 9, 100));
  Frame trailing{.kind = Frame::Kind::result, .bytes = 100, .parcel = 5, .trail = 8};
  seal(trailing);
  EXPECT_TRUE(is_sound(trailing, 0, 100));
  EXPECT_FALSE(is_sound(trailing, 0, 99)) << "its bytes are not in the parcel";
  trailing.parcel = 0;
  seal(trailing);
  EXPECT_FALSE(is_sound(trailing, 0, 100)) << "a trail that is nowhere";
  std::mt19937_64 random(test_seed());
  for (int round = 0; round < 1'000'000; ++round) {
    Frame frame = good;
    reinterpret_cast<unsigned char*>(&frame)[random() % sizeof frame] ^= static_cast<unsigned char>(1 + random() % 255);
    ASSERT_FALSE(is_sound(frame, 9, 100));
  }
}

/// All of a trail, in two pieces.
struct TwoPieces final : TrailSource {
  explicit TwoPieces(std::span<const std::byte> bytes) : TrailSource(bytes.size()), all(bytes) {}
  std::span<const std::byte> next() override {
    const std::span<const std::byte> piece = std::exchange(is_half, false) ? all.first(all.size() / 2) : all;
    all = all.subspan(piece.size());
    return piece;
  }
  std::span<const std::byte> all;
  bool is_half = true;
};

TEST(Trails, ComeAfterTheRest) {
  const std::vector<int> large(300'000, 7), small(3, 1);
  std::vector<std::byte> room(100);
  Trail trail;
  Writer out(room, nullptr, nullptr, &trail);
  for (const auto* numbers : {&small, &large, &small}) detail::write_lasting(out, *numbers);
  ASSERT_TRUE(out.fits());
  ASSERT_EQ(trail.bytes, 1'200'000u);
  TwoPieces source({trail.data, trail.bytes});
  Reader in(room, 0, nullptr, &source);
  std::vector<int> back[3];
  for (std::vector<int>& numbers : back) detail::read_lasting(in, numbers);
  EXPECT_TRUE(back[1].empty());
  in.finish();
  EXPECT_EQ(back[0], small);
  EXPECT_EQ(back[1], large);
  EXPECT_EQ(back[2], small);
  TwoPieces other({trail.data, trail.bytes - 4});
  Reader mistaken(room, 0, nullptr, &other);
  detail::read_lasting(mistaken, back[0]);
  EXPECT_THROW(detail::read_lasting(mistaken, back[1]), Error) << "E1: not the trail of this message";
  const std::uint64_t damaged = large.size() + (std::uint64_t{1} << 62);
  std::memcpy(room.data() + 20, &damaged, sizeof damaged);  // behind the first size and three numbers
  TwoPieces right({trail.data, trail.bytes});
  Reader wrapped(room, 0, nullptr, &right);
  detail::read_lasting(wrapped, back[0]);
  EXPECT_THROW(detail::read_lasting(wrapped, back[1]), Error) << "E1: so many numbers have as many bytes modulo 2^64";
}

int a_function(int x) { return x; }

TEST(Places, AreFoundAgain) {
  const auto place = detail::place_of(reinterpret_cast<const void*>(&a_function));
  EXPECT_NE(place.module, 0u);
  EXPECT_EQ(detail::function_at(place), reinterpret_cast<const void*>(&a_function));
  EXPECT_THROW(detail::function_at({place.module ^ 1, place.offset}), Error);
  EXPECT_THROW(detail::function_at({place.module, std::uint64_t{1} << 50}), Error) << "no code is there";
  int on_stack = 0;
  EXPECT_THROW(detail::place_of(&on_stack), Error);
  EXPECT_EQ(own_module(), own_module());
}

}  // namespace
}  // namespace flynn::mp
