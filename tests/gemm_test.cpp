// What is special about gemm: known answers, the rules of BLAS, laws, and its error bound on awkward shapes, on every
// backend and every instruction set of this build.

#include <gtest/gtest.h>

#include <host/cut/cut.hpp>
#include <tests/gemm_fixture.hpp>

namespace flynn::samples {
namespace {

/// The kernels of the instruction sets, which the parts of a threaded call are given to.
class GemmLeafTest : public GemmTest {};

std::vector<std::string> leaves() {
  std::vector<std::string> names;
  for (std::string_view arch : simd::architectures()) names.push_back("simd/" + std::string(arch));
  return names;
}
std::vector<std::string> runners() {
  std::vector<std::string> names = {"scalar", "simd", "threads", "processes", "opencl"};
  for (const std::string& leaf : leaves()) names.push_back(leaf);
  return names;
}
std::string test_name(const testing::TestParamInfo<std::string>& info) {
  std::string name = info.param;
  for (char& c : name)
    if (!std::isalnum(static_cast<unsigned char>(c))) c = '_';
  return name;
}
INSTANTIATE_TEST_SUITE_P(On, GemmTest, testing::ValuesIn(runners()), test_name);
INSTANTIATE_TEST_SUITE_P(On, GemmLeafTest, testing::ValuesIn(leaves()), test_name);

TEST_P(GemmTest, KnownAnswer) {
  const double a[] = {1, 2, 3, 4, 5, 6}, b[] = {7, 8, 9, 10, 11, 12};
  struct Case {
    Op op_a, op_b;
    double product[4];
  };
  // op(A) op(B) by hand, where A is [1 2 3; 4 5 6] or [1 2; 3 4; 5 6] and B is [7 8; 9 10; 11 12] or [7 8 9; 10 11 12].
  const Case cases[] = {
      {N, N, {58, 64, 139, 154}}, {N, X, {50, 68, 122, 167}}, {X, N, {89, 98, 116, 128}}, {X, X, {76, 103, 100, 136}}};
  for (const Case& c : cases) {
    double out[] = {1, 10, 100, 1000};
    Gemm<double> w{.alpha = 2, .a = {}, .op_a = c.op_a, .b = {}, .op_b = c.op_b, .beta = 3, .c = {out, 2, 2, 2}};
    w.a = c.op_a == N ? In<double, 2>(a, 2, 3, 3) : In<double, 2>(a, 3, 2, 2);
    w.b = c.op_b == N ? In<double, 2>(b, 3, 2, 2) : In<double, 2>(b, 2, 3, 3);
    run(w);
    const double kept[] = {3, 30, 300, 3000};
    for (int i = 0; i < 4; ++i)
      EXPECT_EQ(out[i], 2 * c.product[i] + kept[i]) << int(c.op_a) << int(c.op_b) << " at " << i;
  }
}

// Around the tiles (6 or 12 rows; 4 to 32 columns), the vectors, the device's tiles and the block of 256 terms.
TEST_P(GemmTest, BoundAroundTiles) {
  for (std::size_t m : {0, 1, 5, 11, 12, 13, 37})
    for (std::size_t n : {0, 1, 7, 31, 32, 33, 67})
      for (std::size_t k : {0, 1, 16, 17})
        for (const auto& [op_a, op_b] : ops) check_both({m, n, k, 3, op_a, op_b});
}

TEST_P(GemmTest, BoundOnLongerSums) {
  for (std::size_t k : {255, 256, 257, 1031})
    for (const auto& [op_a, op_b] : ops)
      for (Values values : {Values::zero_mean, Values::positive}) check_both({13, 35, k, 1, op_a, op_b}, values);
  check_both({3, 5, 4097}, Values::positive);
  check_both({2, 3, 70001, 0, N, X}, Values::positive);
}

TEST_P(GemmTest, BoundOnSkinnyAndBlockedShapes) {
  const Shape shapes[] = {{1, 1, 1009},  {1, 1201, 67},          {1201, 1, 67}, {1, 3, 2003, 5, X, X},
                          {509, 2, 300}, {2, 517, 300, 0, X, N}, {211, 263, 3}, {517, 523, 29, 2, N, X}};
  for (const Shape& shape : shapes)
    for (Values values : {Values::zero_mean, Values::positive}) check_both(shape, values);
}

TEST_P(GemmTest, WithoutProductNeitherANorBIsRead) {
  for (float beta : {0.0f, 1.0f, -0.5f})
    for (std::size_t k : {0, 40}) {
      Buffers memory;
      auto w = make_gemm<float>({19, 45, k, 2}, memory), fresh = make_gemm<float>({19, 45, k, 2}, memory);
      fill(w.a, [](auto, auto) { return NAN; });
      fill(w.b, [](auto, auto) { return NAN; });
      w.alpha = k == 0 ? 1.5f : 0.0f;
      w.beta = beta;
      run(w);
      for (std::size_t i = 0; i < w.m(); ++i)
        for (std::size_t j = 0; j < w.n(); ++j) ASSERT_EQ(w.c(i, j), beta * fresh.c(i, j)) << beta << " " << k;
    }
}

TEST_P(GemmTest, BetaZeroDoesNotReadC) {
  for (const Shape& shape :
       {Shape{13, 33, 300}, Shape{64, 64, 20}, Shape{1, 1, 1}, Shape{3, 5, 0}, Shape{70, 1, 600, 3},
        Shape{1, 70, 600, 3, N, X}, Shape{1, 150, 600, 3}, Shape{3, 150, 40}}) {
    Buffers memory;
    auto w = make_gemm<float>(shape, memory), fresh = make_gemm<float>(shape, memory);
    w.beta = fresh.beta = 0;
    fill(w.c, [](auto, auto) { return NAN; });
    run(w);
    EXPECT_TRUE(Sample<Gemm<float>>::judge(w, fresh).pass) << shape;
  }
}

TEST_P(GemmTest, NanAndInfinityArrive) {
  Buffers memory;
  auto w = make_gemm<double>({30, 40, 50}, memory), fresh = make_gemm<double>({30, 40, 50}, memory);
  const_cast<double&>(w.a(7, 20)) = NAN;
  const_cast<double&>(w.b(30, 11)) = INFINITY;
  run(w);
  for (std::size_t i = 0; i < w.m(); ++i)
    for (std::size_t j = 0; j < w.n(); ++j) {
      const double expected = i == 7 ? NAN : j == 11 ? std::copysign(INFINITY, fresh.a(i, 30)) : 0;
      EXPECT_EQ(std::isnan(w.c(i, j)), std::isnan(expected)) << i << ", " << j;
      if (std::isinf(expected)) {
        EXPECT_EQ(w.c(i, j), expected) << i << ", " << j;
      } else {
        EXPECT_FALSE(std::isinf(w.c(i, j))) << i << ", " << j;
      }
    }
}

// Small integers leave no room for rounding: every way to compute them gives the same number.
TEST_P(GemmTest, IntegersAreExact) {
  for (const Shape& shape : {Shape{37, 71, 600}, Shape{50, 31, 259, 4, X, X}}) {
    Buffers memory;
    auto w = make_gemm<float>(shape, memory);
    const Random random(test_seed(), 9);
    auto small = [&](std::size_t i, std::size_t j) { return double(random.between(i * 1000 + j, 0, 16)) - 8; };
    fill(w.a, small), fill(w.b, small), fill(w.c, small);
    w.alpha = 2, w.beta = -3;
    const auto before = memory_of(w.c);
    run(w);
    for (std::size_t i = 0; i < w.m(); ++i)
      for (std::size_t j = 0; j < w.n(); ++j) {
        long sum = 0;
        for (std::size_t p = 0; p < w.k(); ++p)
          sum += long(w.op_a == N ? w.a(i, p) : w.a(p, i)) * long(w.op_b == N ? w.b(p, j) : w.b(j, p));
        ASSERT_EQ(w.c(i, j), 2 * sum - 3 * long(before[i * w.c.stride[0] + j])) << shape << " at " << i << ", " << j;
      }
  }
}

TEST_P(GemmTest, TimesIdentityIsTheSame) {
  Buffers memory;
  auto w = make_gemm<double>({41, 300, 300}, memory);
  fill(w.b, [](auto i, auto j) { return i == j; });
  w.alpha = 1, w.beta = 0;
  run(w);
  EXPECT_EQ(memory_of(w.c), std::vector<double>(w.a.data, w.a.data + w.a.footprint()));
}

// (A B)^T = B^T A^T, to the bit: both add the same products in the same order.
TEST_P(GemmTest, TransposeOfAProduct) {
  Buffers memory;
  auto w = make_gemm<float>({45, 67, 700}, memory);
  w.beta = 0;
  auto turned = make_gemm<float>({67, 45, 700}, memory);
  turned.a = w.b, turned.b = w.a, turned.op_a = turned.op_b = X, turned.beta = 0;
  run(w), run(turned);
  for (std::size_t i = 0; i < w.m(); ++i)
    for (std::size_t j = 0; j < w.n(); ++j) ASSERT_EQ(w.c(i, j), turned.c(j, i)) << i << ", " << j;
}

// A (B + D) = A B + A D within the bounds of the three products.
TEST_P(GemmTest, Distributes) {
  const Shape shape{23, 40, 513};
  Buffers memory;
  auto sum = make_gemm<double>(shape, memory), left = make_gemm<double>(shape, memory), right = left;
  auto d = make_gemm<double>(shape, memory, Values::positive).b;
  right.b = d;
  fill(sum.b, [&](auto i, auto j) { return left.b(i, j) + d(i, j); });
  sum.beta = left.beta = 0;
  right.beta = 1;
  run(sum), run(left), run(right);  // left and right share C
  for (std::size_t i = 0; i < shape.m; ++i)
    for (std::size_t j = 0; j < shape.n; ++j) {
      double magnitude = 0;
      for (std::size_t p = 0; p < shape.k; ++p)
        magnitude += 1.5 * std::fabs(sum.a(i, p)) * (std::fabs(left.b(p, j)) + std::fabs(d(p, j)));
      ASSERT_LE(std::fabs(sum.c(i, j) - left.c(i, j)), 3 * 16 * 0x1p-52 * magnitude) << i << ", " << j;
    }
}

std::vector<Box<2>> grid(std::size_t m, std::size_t n, std::size_t rows, std::size_t columns) {
  std::vector<Box<2>> boxes;
  for (std::size_t i = 0; i < m; i += rows)
    for (std::size_t j = 0; j < n; j += columns) {
      Box<2> box{};
      box[0] = {i, std::min(i + rows, m)};
      box[1] = {j, std::min(j + columns, n)};
      boxes.push_back(box);
    }
  return boxes;
}

TEST_P(GemmLeafTest, BitsDoNotDependOnTheCut) {
  const Shape shape{397, 301, 530, 0, X, N};
  Buffers memory;
  const auto whole = make_gemm<float>(shape, memory);
  run(whole);
  std::vector<Box<2>> own;
  for (std::size_t i = 0; i < part_count(whole.cut()); ++i) own.push_back(part_box(whole.cut(), i));
  ASSERT_GT(own.size(), 1u);
  for (const auto& boxes : {own, grid(397, 301, 1, 301), grid(397, 301, 397, 1), grid(397, 301, 13, 33)}) {
    const auto cut = make_gemm<float>(shape, memory);
    for (const Box<2>& box : boxes) run(cut.part(box));
    EXPECT_EQ(memory_of(cut.c), memory_of(whole.c)) << boxes.size() << " parts";
  }
}

// Few rows, few columns, a single one and the usual case are computed in ways of their own.
TEST_P(GemmLeafTest, BitsDoNotDependOnTheShape) {
  for (const auto& [op_a, op_b] : ops) {
    const Shape shape{61, 75, 4400, 1, op_a, op_b};
    Buffers memory;
    const auto whole = make_gemm<double>(shape, memory);
    run(whole);
    for (const auto& boxes : {grid(61, 75, 61, 1), grid(61, 75, 1, 75), grid(61, 75, 3, 75), grid(61, 75, 61, 16)}) {
      const auto cut = make_gemm<double>(shape, memory);
      for (const Box<2>& box : boxes) run(cut.part(box));
      EXPECT_EQ(memory_of(cut.c), memory_of(whole.c)) << shape << ", " << boxes.size() << " parts";
    }
  }
}

// Rows that are a page or more apart are copied first; 530 columns are 16 or 33 panels and a piece of one.
TEST_P(GemmLeafTest, BitsDoNotDependOnTheLeadingDimension) {
  for (const auto& [op_a, op_b] : ops) {
    Buffers memory;
    const auto near = make_gemm<float>({110, 530, 300, 0, op_a, op_b}, memory);
    const auto far = make_gemm<float>({110, 530, 300, 1024, op_a, op_b}, memory);
    for (const auto& w : {near, far}) {
      auto value = [](std::size_t i, std::size_t j) { return (double(i * 31 % 37) - 18) / double(j * 17 % 41 + 3); };
      fill(w.a, value), fill(w.b, value), fill(w.c, value);
      run(w);
    }
    for (std::size_t i = 0; i < near.m(); ++i)
      for (std::size_t j = 0; j < near.n(); ++j) ASSERT_TRUE(same_bits(near.c(i, j), far.c(i, j))) << i << ", " << j;
  }
}

TEST_P(GemmLeafTest, PacksAtMostOneMebibyte) {
  static std::size_t most;
  auto scratch = [](std::size_t bytes) {
    most = std::max(most, bytes);
    return thread_scratch(bytes);
  };
  for (const auto& [op_a, op_b] : ops)
    for (const Shape& shape : {Shape{530, 1300, 300}, Shape{1300, 530, 300}, Shape{50, 30, 5000},
                               Shape{300, 300, 65600}, Shape{3, 700, 5000}, Shape{100, 1, 5000}, Shape{1, 100, 5000}}) {
      Buffers memory;
      const auto w = make_gemm<double>({shape.m, shape.n, shape.k, 0, op_a, op_b}, memory);
      Text text;
      Execution execution{.text = &text, .scratch = scratch};
      most = 0;
      ASSERT_TRUE(run_arch(arch(), w, execution).ok());
      EXPECT_LE(most, std::size_t{1} << 20) << shape;
      const bool reads_rows = shape.n == 1 ? op_a == N : shape.m == 1 && op_b == X;
      if (reads_rows) {
        EXPECT_EQ(most, 0u) << shape;
      }
    }
}

TEST(GemmThreads, SameBitsAsSimd) {
  const Shape shape{401, 530, 300, 1, N, X};
  Buffers memory;
  const auto one = make_gemm<float>(shape, memory), many = make_gemm<float>(shape, memory);
  ASSERT_GT(part_count(many.cut()), 2u);
  flynn::run(one, {.backend = "simd"});
  flynn::run(many, {.backend = "threads"});
  EXPECT_EQ(memory_of(one.c), memory_of(many.c));
}

/// Says "stop" when asked for the `patience`-th time.
struct Impatient {
  mutable int patience;
  static bool ask(const void* self) { return --static_cast<const Impatient*>(self)->patience <= 0; }
};

TEST_P(GemmLeafTest, StopsWhenAsked) {
  Buffers memory;
  const auto w = make_gemm<float>({200, 40, 600}, memory);
  const Impatient user{5};
  Text text;
  Execution execution{.text = &text, .stop_requested = Impatient::ask, .stop_state = &user, .scratch = thread_scratch};
  EXPECT_EQ(run_arch(arch(), w, execution).code, Code::cancelled);
  EXPECT_EQ(user.patience, 0) << "it went on after it was told to stop";
}

TEST_P(GemmLeafTest, SaysWhenThereIsNoMemory) {
  Buffers memory;
  Text text;
  Execution execution{.text = &text, .scratch = [](std::size_t) -> void* { return nullptr; }};
  EXPECT_EQ(run_arch(arch(), make_gemm<float>({20, 20, 20}, memory), execution).code, Code::out_of_memory);
}

// ---- refused before any work

template <class T>
std::string words(const Gemm<T>& w) {
  Text text;
  const Status status = w.check(text);
  EXPECT_EQ(status.code, Code::invalid_argument);
  return text.message;
}

TEST(GemmCheck, ShapesThatDoNotFit) {
  Buffers memory;
  auto w = make_gemm<float>({4, 5, 6}, memory);
  Text text;
  EXPECT_TRUE(w.check(text).ok());
  w.op_b = X;
  EXPECT_EQ(words(w), "op(A) is 4 x 6, op(B) is 5 x 6 and C is 4 x 5; they must be m x k, k x n and m x n");
  w.op_b = N;
  w.c.extent[0] = 3;
  EXPECT_EQ(words(w), "op(A) is 4 x 6, op(B) is 6 x 5 and C is 3 x 5; they must be m x k, k x n and m x n");
  std::vector<float> c(12, 7.0f);
  EXPECT_THROW(gemm(Matrix(w.a.data, 4, 6), Matrix(w.b.data, 6, 5), Matrix(c.data(), 3, 4)), Error);
  EXPECT_EQ(c, std::vector<float>(12, 7.0f));
}

TEST(GemmCheck, LeadingDimensionTooSmall) {
  for (int which : {0, 1, 2}) {
    Buffers memory;
    auto w = make_gemm<float>({4, 5, 6}, memory);
    (which == 0 ? w.a.stride : which == 1 ? w.b.stride : w.c.stride)[0] = 4;
    EXPECT_NE(words(w).find(which == 0   ? "A: leading dimension 4 is less than its 6 columns"
                            : which == 1 ? "B: leading dimension 4 is less than its 5 columns"
                                         : "C: leading dimension 4 is less than its 5 columns"),
              std::string::npos)
        << words(w);
  }
}

TEST(GemmCheck, OverlapNullAndOverflow) {
  Buffers memory;
  const auto good = make_gemm<float>({4, 4, 4}, memory);
  auto w = good;
  w.c.data = const_cast<float*>(w.a.data) + 15;
  EXPECT_NE(words(w).find("C overlaps A"), std::string::npos);
  w.c.data = const_cast<float*>(w.b.data);
  EXPECT_NE(words(w).find("C overlaps B"), std::string::npos);
  w = good;
  w.b.data = nullptr;
  EXPECT_NE(words(w).find("B: null pointer with 16 elements"), std::string::npos);
  w = good;
  w.a.extent[0] = w.c.extent[0] = std::size_t{1} << 62;
  EXPECT_NE(words(w).find("overflow the address space"), std::string::npos);
}

// ---- the bound itself

TEST(GemmBound, APlainChainOf65536BreaksIt) {
  Buffers memory;
  const Shape shape{8, 8, 65536};
  auto w = make_gemm<float>(shape, memory, Values::positive), fresh = make_gemm<float>(shape, memory, Values::positive);
  fill(w.c, [&](auto i, auto j) {
    float sum = 0;
    for (std::size_t p = 0; p < w.k(); ++p) sum += w.a(i, p) * w.b(p, j);
    return 1.5f * sum - 0.5f * w.c(i, j);
  });
  EXPECT_FALSE(Sample<Gemm<float>>::judge(w, fresh).pass);
}

TEST(GemmBound, OneWrongElementIsSeen) {
  for (float wrong : {0.0f, float(NAN), float(INFINITY)})
    for (auto [i, j] : {std::pair{0, 0}, {17, 3}, {32, 40}}) {
      Buffers memory;
      const auto w = make_gemm<float>({33, 41, 50}, memory), fresh = make_gemm<float>({33, 41, 50}, memory);
      run(w, {.backend = "scalar"});
      ASSERT_TRUE(Sample<Gemm<float>>::judge(w, fresh).pass);
      w.c(i, j) = wrong;
      EXPECT_FALSE(Sample<Gemm<float>>::judge(w, fresh).pass) << wrong << " at " << i << ", " << j;
    }
}

}  // namespace
}  // namespace flynn::samples
