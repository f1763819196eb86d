// The CUDA module over a fake driver, whose errors a real one gives only when it is sick (fakes/computing_libcuda.cpp).
// That the rest of the library goes on from there is shown with OpenCL, in device_faults_test.cpp.

#include <gtest/gtest.h>

#include <span>
#include <string>
#include <vector>

#include <flynn/backend.hpp>
#include <flynn/workloads/axpy.hpp>
#include <kernels/kernels.hpp>
#include <kernels/on_queue.hpp>
#include <tests/fakes/computing_libcuda.hpp>

extern "C" const flynn::Backend* flynn_backend();

namespace flynn {
namespace {

using fakes::cuda_calls;
using fakes::plan_cuda_fault;
using V = std::vector<float>;

class CudaFaults : public testing::Test {
 protected:
  void TearDown() override { plan_cuda_fault({}); }

  /// y = 2 x + y on the fake GPU, as the library calls it.
  Status run() {
    constexpr SpecInfo info = spec_info<Axpy<float>>();
    const Axpy<float> w{2.0f, x_, y_};
    execution_ = {.text = &text_, .clocks = &clocks_};
    for (const Row& row : std::span(flynn_backend()->rows, flynn_backend()->row_count))
      if (row.id == info.id) return row.run(&w, execution_);
    return {Code::internal};
  }
  /// The same on a device that nobody else has.
  Status run_on(cuda::Device& device) {
    const Axpy<float> w{2.0f, x_, y_};
    execution_ = {.text = &text_, .clocks = &clocks_};
    return kernels::on_queue<cuda::Queue>(
        execution_, [&]() -> cuda::Device& { return device; }, [&](cuda::Queue& queue) { kernels::axpy(queue, w); });
  }

  const V x_ = V(1000, 1.0f);
  V y_ = V(1000, 3.0f);
  Text text_;
  Clocks clocks_;
  Execution execution_;
};

TEST_F(CudaFaults, NoneOfThemComputes) {
  ASSERT_TRUE(run().ok()) << text_.message;
  EXPECT_EQ(y_, V(1000, 5.0f));
}

TEST_F(CudaFaults, C8_AStickyErrorLosesTheDevice) {
  for (const int code : {700, 710, 719})
    for (const char* call : {"cuLaunchKernel", "cuStreamSynchronize", "cuMemcpyDtoHAsync"}) {
      SCOPED_TRACE(testing::Message() << call << " " << code);
      plan_cuda_fault({});
      cuda::Device device(0);
      y_ = V(1000, 3.0f);
      plan_cuda_fault({call, 1, 0, CUresult(code)});
      EXPECT_EQ(run_on(device).code, Code::device_failed);
      const std::string words = text_.message;
      EXPECT_NE(words.find(std::to_string(code).append(")")), std::string::npos) << words;
      EXPECT_NE(words.find("works for this process no more"), std::string::npos) << words;
      EXPECT_EQ(y_, V(1000, 3.0f));
      plan_cuda_fault({});
      const int before = cuda_calls();
      EXPECT_EQ(run_on(device).code, Code::device_failed);
      EXPECT_EQ(cuda_calls(), before) << "a lost device was asked";
      EXPECT_EQ(std::string(text_.message), "fake GPU is lost for this process: " + words);
    }
}

TEST_F(CudaFaults, OtherErrorsDoNot) {
  cuda::Device device(0);
  plan_cuda_fault({"cuLaunchKernel", 1, 1, CUDA_ERROR_INVALID_VALUE});
  EXPECT_EQ(run_on(device).code, Code::device_failed);
  EXPECT_TRUE(run_on(device).ok()) << text_.message;
}

TEST_F(CudaFaults, C6_MemoryIsFreedAndAskedForOnceMore) {
  ASSERT_TRUE(run().ok());
  for (const char* call : {"cuMemAllocAsync", "cuLaunchKernel"}) {
    y_ = V(1000, 3.0f);
    const int trims = cuda_calls("cuMemPoolTrimTo"), streams = cuda_calls("cuStreamDestroy");
    plan_cuda_fault({call, 1, 1, CUDA_ERROR_OUT_OF_MEMORY});
    EXPECT_TRUE(run().ok()) << text_.message;
    EXPECT_EQ(y_, V(1000, 5.0f));
    EXPECT_EQ(cuda_calls("cuMemPoolTrimTo"), trims + 1);
    EXPECT_GT(cuda_calls("cuStreamDestroy"), streams);
  }
  y_ = V(1000, 3.0f);
  plan_cuda_fault({"cuMemAllocAsync", 1, 2, CUDA_ERROR_OUT_OF_MEMORY});
  EXPECT_EQ(run().code, Code::out_of_memory);
  EXPECT_TRUE(execution_.outputs_kept);
  EXPECT_EQ(y_, V(1000, 3.0f));
}

}  // namespace
}  // namespace flynn
