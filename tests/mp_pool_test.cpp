// flynn::mp::Pool when all is well, and when functions throw. Deaths are in tests/faults/mp_workers_test.cpp.

#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <numeric>
#include <optional>
#include <set>
#include <stdexcept>

#include <flynn/mp.hpp>
#include <tests/faults/leak_check.hpp>

namespace flynn::mp {
namespace {

using namespace std::chrono_literals;

int square(int x) { return x * x; }
double power(double base, int exponent) { return std::pow(base, exponent); }
std::string greet(const std::string& name, int times) {
  std::string text = "hello";
  for (int i = 0; i < times; ++i) text += " " + name;
  return text;
}
pid_t who() { return getpid(); }
void nothing() {}
std::vector<double> twice(std::vector<double> x) {
  for (double& value : x) value *= 2;
  return x;
}
int fail_at_7(int x) {
  if (x == 7) throw std::out_of_range("seven");
  return x;
}
int initialised_with = 0;
void initialise(int value) { initialised_with = value; }
int initial_value() { return initialised_with; }
void throw_at_start() { throw std::runtime_error("no licence"); }

struct Point {
  double x = 0, y = 0;
  std::string name;
  bool operator==(const Point&) const = default;
  template <class Archive>
  void serialize(Archive& archive) {
    archive(x, y, name);
  }
};
Point mirror(const Point& p) { return {-p.x, -p.y, p.name + "'"}; }

struct Scale {
  double factor = 1;
  double operator()(double x) const { return factor * x; }
  template <class Archive>
  void serialize(Archive& archive) {
    archive(factor);
  }
};

class PoolTest : public faults::LeakTest, public ::testing::WithParamInterface<StartMethod> {
 protected:
  PoolTest() : LeakTest(GetParam()) {}
  static PoolOptions with(unsigned processes) { return {.processes = processes, .start_method = GetParam()}; }
};

TEST_P(PoolTest, Applies) {
  Pool pool(with(2));
  EXPECT_EQ(pool.apply(square, 7), 49);
  EXPECT_EQ(pool.apply(power, 2, 10), 1024.0);  // arguments become what the function takes
  EXPECT_EQ(pool.apply(greet, "you", 2), "hello you you");
  EXPECT_EQ(pool.apply([](int a, int b) { return a + b; }, 2, 3), 5);
  EXPECT_EQ(pool.apply([](auto a, auto b) { return a + b; }, std::string("a"), "b"), "ab");
  EXPECT_EQ(pool.apply(Scale{3}, 2), 6.0);
  EXPECT_EQ(pool.apply(mirror, Point{1, 2, "p"}), (Point{-1, -2, "p'"}));
  pool.apply(nothing);
  EXPECT_NE(pool.apply(who), getpid());
}

TEST_P(PoolTest, Maps) {
  Pool pool(with(2));
  std::vector<int> x(10'000);
  std::iota(x.begin(), x.end(), 0);
  for (std::size_t chunk : {0, 1, 7, 10'000, 20'000}) {
    const std::vector<int> y = pool.map(square, x, chunk);
    ASSERT_EQ(y.size(), x.size());
    for (int i = 0; i < 10'000; ++i) ASSERT_EQ(y[i], i * i) << chunk;
  }
  EXPECT_TRUE(pool.map(square, std::vector<int>{}).empty());
  pool.map([](int) {}, x);
  EXPECT_EQ(pool.map([](bool b) { return !b; }, std::vector<bool>{true, false}), (std::vector<bool>{false, true}));
  const std::set<std::string> names = {"a", "b"};
  EXPECT_EQ(pool.map([](const std::string& s) { return s + s; }, names), (std::vector<std::string>{"aa", "bb"}));
  const std::vector<std::pair<double, int>> pairs = {{2, 3}, {3, 2}};
  EXPECT_EQ(pool.starmap(power, pairs), (std::vector<double>{8, 9}));
}

TEST_P(PoolTest, MovesLargeValues) {
  Pool pool(with(2));
  for (std::size_t n : {100, 1000, 131'071, 131'072, 131'073, 3'000'000}) {  // 1 MiB, where the trail begins
    std::vector<double> x(n);
    std::iota(x.begin(), x.end(), 1.0);
    for (int round = 0; round < 3; ++round) {
      const std::vector<double> y = pool.apply(twice, x);
      ASSERT_EQ(y.size(), n);
      for (std::size_t i = 0; i < n; ++i) ASSERT_EQ(y[i], 2 * x[i]);
    }
  }
}

/// One vector of a call is its trail. What stands beside it, and a second one, comes as usual.
TEST_P(PoolTest, MovesLargeValuesAmongOthers) {
  Pool pool(with(1));
  std::vector<double> x(200'000), y(300'000);
  std::iota(x.begin(), x.end(), 1.0);
  std::iota(y.begin(), y.end(), 1e6);
  const auto join = [](const std::string& s, std::vector<double> a, float factor, const std::vector<double>& b) {
    for (std::size_t i = 0; i < a.size(); ++i) a[i] = double(s.size()) + double(factor) * a[i] + b[i];
    return a;
  };
  for (const std::string& s : {std::string("short"), std::string(5000, 'x')})
    for (int round = 0; round < 2; ++round) ASSERT_EQ(pool.apply(join, s, x, 2, y), join(s, x, 2, y));
  const auto first_of = [](const std::string& s, const std::vector<double>& a) { return s + std::to_string(a.at(7)); };
  for (const std::string& s : {std::string("short"), std::string(5000, 'x')})
    EXPECT_EQ(pool.apply(first_of, s, x), first_of(s, x));
  std::vector<char> odd(3'000'001);
  for (std::size_t i = 0; i < odd.size(); ++i) odd[i] = char(i % 251);
  EXPECT_EQ(pool.apply([](std::vector<char> v) { return v; }, odd), odd);
  const auto pending = pool.apply_async(twice, x);
  EXPECT_EQ(pending.get(), twice(x));
  EXPECT_EQ(pending.get(), twice(x)) << "as often as one likes";
}

TEST_P(PoolTest, UsesTheMemoryOfLargeValuesAgain) {
  Pool pool(with(1));
  const auto address_in = [](std::vector<double> v) {
    v.at(0) = double(reinterpret_cast<std::uintptr_t>(v.data()));
    return v;
  };
  std::vector<double> x(1'000'000, 1.0);
  const double* const here = x.data();
  x = pool.apply(address_in, std::move(x));
  EXPECT_EQ(x.data(), here) << "what was given away is the memory of the result";
  const double there = x[0];
  x = pool.apply(address_in, std::move(x));
  EXPECT_EQ(x[0], there) << "in the worker too";
  EXPECT_EQ(x[999'999], 1.0);
  const std::vector<double> y = pool.apply(address_in, x);
  EXPECT_NE(y.data(), x.data());
  EXPECT_EQ(x.size(), 1'000'000u) << "what was not given away is as it was";
}

TEST_P(PoolTest, DoesNotWaitForAsyncCalls) {
  Pool pool(with(2));
  const AsyncResult<int> squared = pool.apply_async(square, 5);
  const auto mapped = pool.map_async(square, std::vector<int>{1, 2, 3});
  std::atomic<int> called = 0, failed = 0;
  pool.apply_async(square, 6).callback([&](int y) { called = y; });
  pool.apply_async(fail_at_7, 7).error_callback([&](const Error& error) {
    failed = error.text().find("seven") != std::string::npos ? 1 : 2;
  });
  EXPECT_EQ(squared.get(), 25);
  EXPECT_EQ(squared.get(1s), 25);  // as often as one likes
  EXPECT_TRUE(squared.ready());
  EXPECT_TRUE(squared.successful());
  EXPECT_EQ(mapped.get(), (std::vector<int>{1, 4, 9}));
  pool.close();
  pool.join();
  EXPECT_EQ(called, 36);
  EXPECT_EQ(failed, 1);
}

TEST_P(PoolTest, GivesResultsOneByOne) {
  Pool pool(with(2));
  int next = 0;
  for (int y : pool.imap(square, std::views::iota(0, 1000), 3)) {
    ASSERT_EQ(y, next * next);
    ++next;
  }
  EXPECT_EQ(next, 1000);
  auto endless = pool.imap(square, std::views::iota(1));
  EXPECT_EQ(endless.next(), 1);
  EXPECT_EQ(endless.next(), 4);
  const std::vector<int> x = {3, 1, 2};
  std::multiset<int> seen;
  for (int y : pool.imap_unordered(square, x)) seen.insert(y);
  EXPECT_EQ(seen, (std::multiset<int>{1, 4, 9}));
  auto failing = pool.imap(fail_at_7, std::views::iota(6, 9));
  EXPECT_EQ(failing.next(), 6);
  EXPECT_THROW(failing.next(), RemoteError);
  EXPECT_EQ(failing.next(), 8);
  EXPECT_EQ(failing.next(), std::nullopt);
}

TEST_P(PoolTest, InitialisesItsWorkersAndReplacesThem) {
  PoolOptions options = with(1);
  options.initializer = call(initialise, 42);
  options.maxtasksperchild = 3;
  Pool pool(options);
  EXPECT_EQ(pool.apply(initial_value), 42);
  std::set<pid_t> workers;
  for (int i = 0; i < 9; ++i) workers.insert(pool.apply(who));
  EXPECT_EQ(workers.size(), 4u);  // 2, 3, 3 and 1 tasks
  options.initializer = call(throw_at_start);
  try {
    Pool broken(options);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Code::unavailable);
    EXPECT_NE(error.text().find("the initializer threw std::runtime_error: no licence"), std::string::npos)
        << error.text();
  }
}

TEST_P(PoolTest, BringsExceptions) {
  Pool pool(with(2));
  try {
    pool.apply(fail_at_7, 7);
    FAIL();
  } catch (const RemoteError& error) {
    EXPECT_EQ(error.type(), "std::out_of_range");
    EXPECT_EQ(error.message(), "seven");
    EXPECT_EQ(error.text(), "the task threw std::out_of_range: seven");
    EXPECT_GT(error.worker(), 0);
  }
  try {
    pool.map(fail_at_7, std::vector<int>{1, 2, 7, 3}, 2);
    FAIL();
  } catch (const RemoteError& error) {
    EXPECT_EQ(error.text(), "item 2 threw std::out_of_range: seven");
  }
  const Result<int> nothing = pool.try_apply(fail_at_7, 7);
  ASSERT_FALSE(nothing);
  EXPECT_NE(nothing.error().text().find("seven"), std::string::npos);
  EXPECT_EQ(*pool.try_apply(fail_at_7, 6), 6);
  EXPECT_EQ(pool.try_map(fail_at_7, std::vector<int>{1, 7}).error().text(), "item 1 threw std::out_of_range: seven");
  EXPECT_EQ(*pool.try_map(fail_at_7, std::vector<int>{1, 2}), (std::vector{1, 2}));
  EXPECT_EQ(pool.try_starmap(fail_at_7, std::vector<std::tuple<int>>{{7}}).error().text(),
            "item 0 threw std::out_of_range: seven");
  EXPECT_EQ(*pool.try_starmap(power, std::vector<std::pair<double, int>>{{2, 3}}), std::vector{8.0});
  const auto before = pool.pids();
  EXPECT_EQ(pool.apply(square, 2), 4);
  EXPECT_EQ(pool.pids(), before) << "the workers live on";
}

TEST_P(PoolTest, A7_BringsWhatIsNoException) {
  Pool pool(with(1));
  try {
    pool.apply([] { throw 42; });
    FAIL();
  } catch (const RemoteError& error) {
    EXPECT_EQ(error.type(), "int");
  }
  try {
    pool.apply([] {
      try {
        throw std::runtime_error("inner");
      } catch (...) {
        std::throw_with_nested(std::logic_error("outer"));
      }
    });
    FAIL();
  } catch (const RemoteError& error) {
    ASSERT_EQ(error.causes().size(), 2u);
    EXPECT_EQ(error.message(), "outer");
    EXPECT_EQ(error.causes()[1].type, "std::runtime_error");
    EXPECT_EQ(error.causes()[1].message, "inner");
  }
  try {
    pool.apply([] { throw Error(Code::out_of_memory, "mine", {}, "buy more"); });
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Code::out_of_memory);
  }
  EXPECT_EQ(pool.apply(square, 3), 9);
}

TEST_P(PoolTest, A8_CutsLongMessagesAndEscapesThem) {
  Pool pool(with(1));
  try {
    pool.apply([] { throw std::runtime_error("a\x01\xff" + std::string(10'000'000, 'x')); });
    FAIL();
  } catch (const RemoteError& error) {
    EXPECT_LT(error.message().size(), 66u << 10);
    EXPECT_EQ(error.message().substr(0, 9), "a\\x01\\xff");
    EXPECT_NE(error.message().find("(10000003 bytes)"), std::string::npos);
  }
  EXPECT_EQ(pool.apply(square, 3), 9);
}

TEST_P(PoolTest, EachGetThrowsAnObjectOfItsOwn) {
  Pool pool(with(1));
  const auto result = pool.apply_async(fail_at_7, 7);
  const void *first = nullptr, *second = nullptr;
  std::exception_ptr kept;
  try {
    result.get();
  } catch (const RemoteError& error) {
    first = &error;
    kept = std::current_exception();
  }
  try {
    result.get();
  } catch (const RemoteError& error) {
    second = &error;
  }
  EXPECT_NE(first, nullptr);
  EXPECT_NE(first, second);
}

TEST_P(PoolTest, D12_CallbacksMayUseThePool) {
  Pool pool(with(1));
  std::atomic<int> inner = 0;
  pool.apply_async(square, 3).callback([&](int y) { inner = pool.apply(square, y); });
  pool.apply_async(square, 3).callback([&](int) { throw std::runtime_error("from a callback"); });
  EXPECT_TRUE(faults::holds_within(5s, [&] { return inner == 81; }));
  pool.close();
  try {
    pool.join();
    FAIL();
  } catch (const std::runtime_error& error) {
    EXPECT_STREQ(error.what(), "from a callback");
  }
}

TEST_P(PoolTest, D11_ServesManyThreads) {
  Pool pool(with(2));
  std::atomic<int> good = 0;
  std::vector<std::thread> callers;
  for (int c = 0; c < 16; ++c)
    callers.emplace_back([&, c] {
      for (int i = 0; i < 50; ++i) good += pool.apply(square, c * i) == c * i * c * i;
    });
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(good, 16 * 50);
}

TEST_P(PoolTest, SaysWhatIsWrongWithItsUse) {
  std::optional<Pool> pool(with(1));
  EXPECT_THROW(pool->join(), Error);
  pool->close();
  try {
    pool->apply(square, 1);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Code::invalid_argument);
  }
  pool->join();
  pool->join();
  EXPECT_TRUE(pool->pids().empty());
}

TEST_P(PoolTest, A29_CancelsWhatIsLeftWhenItGoes) {
  std::optional<Pool> pool(with(1));
  const auto slow = pool->apply_async([] { sleep(60); });
  const auto queued = pool->apply_async(square, 2);
  pool.reset();
  EXPECT_THROW(slow.get(), CancelledError);
  EXPECT_THROW(queued.get(), CancelledError);
}

#if defined(__SANITIZE_THREAD__)
INSTANTIATE_TEST_SUITE_P(, PoolTest, ::testing::Values(StartMethod::forkserver),
                         [](const auto& info) { return std::string(name_of(info.param)); });
#else
INSTANTIATE_TEST_SUITE_P(, PoolTest, ::testing::Values(StartMethod::forkserver, StartMethod::spawn),
                         [](const auto& info) { return std::string(name_of(info.param)); });
#endif

}  // namespace
}  // namespace flynn::mp
