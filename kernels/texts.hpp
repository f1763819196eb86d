#pragma once
#include <string_view>

namespace flynn::kernels {

/// The device text kernels/NAME.kernel with its includes, as embedded by cmake/EmbedText.cmake. Empty when there is
/// none.
std::string_view text_of(std::string_view name);

/// Names a kernel on a device: a text, built for one element type, and an entry in it without the type's suffix.
struct Entry {
  std::string_view text, name, type;
};

}  // namespace flynn::kernels
