#pragma once
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace flynn::bench {

/// "64Ki" for whole powers of 1024, else the plain number.
std::string size_text(std::size_t n);
/// Three digits and a unit: "52.1 ms".
std::string time_text(double seconds);
/// Three digits, a prefix and the unit: "15.4 GB/s".
std::string rate_text(double value, std::string_view unit);
/// "105 MiB"
std::string bytes_text(double bytes);
/// "00:41"
std::string clock_text(double seconds);

/// A whole number with an optional Ki, Mi, Gi (1024), k, M, G (1000) or exponent, as 1e8; empty when it is none, 0 or
/// too large.
std::optional<std::size_t> parse_size(std::string_view text);
/// "64Ki", a list of those, or "1Ki..1Gi": from the first to the last by factors of 4, both included.
std::optional<std::vector<std::size_t>> parse_sizes(std::string_view text);
/// "0.5s", "100ms", "2min" or plain seconds; empty when it is none or negative.
std::optional<double> parse_time(std::string_view text);
/// "2%" as 0.02.
std::optional<double> parse_percent(std::string_view text);

/// The pieces between commas.
std::vector<std::string> split(std::string_view text);

}  // namespace flynn::bench
