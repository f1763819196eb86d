#pragma once
#include <span>
#include <string>
#include <string_view>

namespace flynn {

/// "a, b and c".
std::string known_names(std::span<const std::string_view> names);

/// The name with the least edit distance to `wrong`; `names` must not be empty. O(length^2) for each.
std::string_view nearest_name(std::string_view wrong, std::span<const std::string_view> names);

}  // namespace flynn
