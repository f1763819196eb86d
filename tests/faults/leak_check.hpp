#pragma once
#include <gtest/gtest.h>

#include <chrono>
#include <fstream>
#include <string>

#include <tests/faults/processes.hpp>

namespace flynn::faults {

/// Pieces of flynn's shared memory that this process has mapped.
inline std::size_t mapped_memfds() {
  std::ifstream maps("/proc/self/maps");
  std::size_t count = 0;
  for (std::string line; std::getline(maps, line);) count += line.find("memfd:flynn") != std::string::npos;
  return count;
}

/// What this process has when it is made. After a test it must have no more.
class LeakCheck {
 public:
  /// `chunks`: so many more pieces of shared memory, for small blocks, may stay.
  void expect_nothing_left(std::size_t chunks = 0) const {
    using std::chrono_literals::operator""s;
    EXPECT_TRUE(holds_within(5s, [&] { return children().size() == children_; })) << "a process is left";
    EXPECT_TRUE(holds_within(5s, [&] { return threads() == threads_; })) << "a thread is left";
    EXPECT_LE(open_files(), files_ + chunks) << "a file descriptor is left";
    EXPECT_LE(mapped_memfds(), memories_ + chunks) << "shared memory is left";
  }

 private:
  std::size_t children_ = children().size(), threads_ = threads(), files_ = open_files(), memories_ = mapped_memfds();
};

}  // namespace flynn::faults
