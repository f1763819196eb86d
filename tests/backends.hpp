#pragma once
// A test body that runs once for each backend, and is skipped, with the reason, where one is not here.

#include <gtest/gtest.h>

#include <string>

#include <flynn/flynn.hpp>

namespace flynn {

class OnEachBackend : public ::testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    const BackendInfo info = Context::standard().backend(GetParam());
    if (!info.available) GTEST_SKIP() << GetParam() << ": " << info.reason;
  }
  Options options() const { return {.backend = GetParam()}; }
};

inline auto host_and_device_backends() { return ::testing::Values("scalar", "simd", "threads", "processes", "opencl", "cuda"); }
inline std::string backend_name(const ::testing::TestParamInfo<const char*>& info) { return info.param; }

}  // namespace flynn
