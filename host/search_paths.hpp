#pragma once
#include <string>
#include <string_view>

namespace flynn {

/// What a variable says of where drivers are. Empty when it is not set, and in a program with more rights than its user.
std::string environment_variable(const char* name);

/// Why no driver of that API ("opencl", "cuda") is opened: a path that is relative, so that what lies in the current
/// folder, which is anybody's, would be loaded as one. Empty when there is none. An entry of LD_LIBRARY_PATH counts
/// when there are libraries in it: many people have an empty one, from a variable that was not set.
std::string relative_search_path(std::string_view api);

}  // namespace flynn
