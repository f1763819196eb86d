#pragma once
#include <gtest/gtest.h>

#include <chrono>
#include <fstream>
#include <optional>
#include <string>

#include <flynn/mp.hpp>
#include <tests/faults/processes.hpp>

namespace flynn::faults {

/// Pieces of flynn's shared memory that this process has mapped.
inline std::size_t mapped_memfds() {
  std::ifstream maps("/proc/self/maps");
  std::size_t count = 0;
  for (std::string line; std::getline(maps, line);) count += line.find("memfd:flynn") != std::string::npos;
  return count;
}

/// What this process has when it is made. After a test it must have no more: less is no fault, since the kernel counts
/// a thread for a moment after it was joined.
class LeakCheck {
 public:
  /// `chunks`: so many more pieces of shared memory, for small blocks, may stay.
  void expect_nothing_left(std::size_t chunks = 0) const {
    using std::chrono_literals::operator""s;
    EXPECT_TRUE(holds_within(5s, [&] { return children().size() <= children_; })) << "a process is left";
    EXPECT_TRUE(holds_within(5s, [&] { return threads() <= threads_; })) << "a thread is left";
    EXPECT_LE(open_files(), files_ + chunks) << "a file descriptor is left";
    EXPECT_LE(mapped_memfds(), memories_ + chunks) << "shared memory is left";
  }

 private:
  std::size_t children_ = children().size(), threads_ = threads(), files_ = open_files(), memories_ = mapped_memfds();
};

/// A test that leaves nothing behind. What stays in any case is there before it begins: the fork server, or the thread
/// that starts a Process by spawn; and the memory that small blocks are cut from.
class LeakTest : public ::testing::Test {
 protected:
  explicit LeakTest(mp::StartMethod method = mp::StartMethod::forkserver, std::size_t chunks = 0)
      : method_(method), chunks_(chunks) {}
  void SetUp() override {
    const mp::Lock warm;
    mp::Pool({.processes = 1, .start_method = method_});
    if (method_ == mp::StartMethod::spawn) mp::Process({.start_method = method_}, [] {}).start();
    before_.emplace();
  }
  void TearDown() override { before_->expect_nothing_left(chunks_); }

 private:
  const mp::StartMethod method_;
  const std::size_t chunks_;
  std::optional<LeakCheck> before_;
};

}  // namespace flynn::faults
