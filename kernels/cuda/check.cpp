#include <kernels/cuda/check.hpp>

namespace flynn::cuda {

bool is_sticky(CUresult error) {
  switch (error) {
    case CUDA_ERROR_ECC_UNCORRECTABLE:
    case CUDA_ERROR_NVLINK_UNCORRECTABLE:
    case CUDA_ERROR_CONTEXT_IS_DESTROYED:
    case CUDA_ERROR_ILLEGAL_ADDRESS:
    case CUDA_ERROR_LAUNCH_TIMEOUT:
    case CUDA_ERROR_ASSERT:
    case CUDA_ERROR_HARDWARE_STACK_ERROR:
    case CUDA_ERROR_ILLEGAL_INSTRUCTION:
    case CUDA_ERROR_MISALIGNED_ADDRESS:
    case CUDA_ERROR_INVALID_ADDRESS_SPACE:
    case CUDA_ERROR_INVALID_PC:
    case CUDA_ERROR_LAUNCH_FAILED:
      return true;
    default:
      return false;
  }
}

void check(CUresult error, const char* call) {
  if (error == CUDA_SUCCESS) return;
  const char *name = nullptr, *words = nullptr;
  cuGetErrorName(error, &name);
  cuGetErrorString(error, &words);
  Failure failure(error == CUDA_ERROR_OUT_OF_MEMORY ? Code::out_of_memory : Code::device_failed, "%s: %s (%d), %s%s",
                  call, name ? name : "an error without a name", int(error), words ? words : "",
                  is_sticky(error) ? "; the device works for this process no more, start it again" : "");
  throw is_sticky(error) ? failure.lose_device() : failure;
}

}  // namespace flynn::cuda
