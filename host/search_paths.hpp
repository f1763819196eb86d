#pragma once
#include <string>
#include <string_view>

namespace flynn {

/// Why no driver of that API ("opencl", "cuda") is opened: a path that is relative, so that what lies in the current
/// folder, which is anybody's, would be loaded as one. Empty when there is none. An entry of LD_LIBRARY_PATH counts
/// when there are libraries in it: many people have an empty one, from a variable that was not set.
std::string relative_search_path(std::string_view api);

}  // namespace flynn
