#pragma once
#include <string_view>

namespace flynn::cuda {

/// The device text TEXT.kernel compiled for elements of `type`: a fatbin for the architectures of
/// FLYNN_CUDA_ARCHITECTURES, embedded by kernels/cuda/CMakeLists.txt. Null when there is none.
const void* image_of(std::string_view text, std::string_view type);

}  // namespace flynn::cuda
