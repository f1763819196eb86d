#pragma once
// What the tests of flynn::mp under faults share: the functions that tasks run, and the check that nothing is left.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <optional>

#include <flynn/mp.hpp>
#include <tests/faults/leak_check.hpp>
#include <tests/seed.hpp>

namespace flynn::mp {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

using faults::slow;

inline int square(int x) { return x * x; }
inline pid_t who() { return getpid(); }
inline int sleep_for(int milliseconds) {
  std::this_thread::sleep_for(std::chrono::milliseconds(milliseconds));
  return milliseconds;
}
inline void raise_signal(int number) { raise(number); }

class FaultTest : public faults::LeakTest {
 protected:
  void TearDown() override {
    pool_.reset();
    LeakTest::TearDown();
  }

  Pool& make_pool(unsigned workers) { return pool_.emplace(PoolOptions{.processes = workers}); }

  /// All workers are there, and each task is done once.
  void expect_whole(unsigned workers) {
    EXPECT_TRUE(faults::holds_within(1s * slow, [&] { return pool_->pids().size() == workers; }));
    std::vector<int> x(1000);
    for (int i = 0; i < 1000; ++i) x[std::size_t(i)] = i;
    const std::vector<int> y = pool_->map(square, x, 1);
    for (int i = 0; i < 1000; ++i) ASSERT_EQ(y[std::size_t(i)], i * i);
  }

  template <class Check>
  void expect_death(const AsyncResult<void>& result, const Check& check) {
    const auto begin = steady_clock::now();
    try {
      result.get(5s * slow);
      ADD_FAILURE() << "nothing was thrown";
    } catch (const WorkerDied& died) {
      EXPECT_EQ(died.code(), Code::worker_died);
      check(died);
    }
    EXPECT_LT(steady_clock::now() - begin, 1s * slow);
  }

  std::optional<Pool> pool_;
};

/// A file that grows by a byte whenever a task has begun.
class Marks {
 public:
  Marks() : file_(mkstemp(path_)) {}
  ~Marks() {
    close(file_);
    unlink(path_);
  }
  std::string path() const { return path_; }
  int count() const { return int(lseek(file_, 0, SEEK_END)); }
  bool reach(int most) const {
    return faults::holds_within(10s, [&] { return count() >= most; });
  }

 private:
  char path_[32] = "/tmp/flynn-marks-XXXXXX";
  int file_;
};
inline void mark(const std::string& path) {
  const int file = open(path.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC);
  if (write(file, "x", 1) != 1) std::abort();
  close(file);
}
inline void mark_and_sleep(const std::string& path) {
  mark(path);
  sleep(60);
}

}  // namespace flynn::mp
