#pragma once
// A fake CUDA driver with one device that computes axpy of f32 on this CPU, and fails when told to.

#include <cuda.h>

#include <string>

namespace flynn::fakes {

struct CudaFault {
  std::string call = {};  ///< for example "cuLaunchKernel"
  int first = 1;          ///< which of its calls from now on
  int count = 1;          ///< how many of them; 0: from then on every call of the driver
  CUresult code = CUDA_SUCCESS;
};

void plan_cuda_fault(const CudaFault& fault);
/// Calls of the driver so far; of one function, or of all for "".
int cuda_calls(const std::string& call = "");

}  // namespace flynn::fakes
