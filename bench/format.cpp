#include <fmt/format.h>

#include <charconv>
#include <cmath>

#include <bench/format.hpp>

namespace flynn::bench {
namespace {

struct Unit {
  std::string_view name;
  double factor;
};

std::string three_digits(double x) { return fmt::format("{:.{}f}", x, x < 9.995 ? 2 : x < 99.95 ? 1 : 0); }

/// The largest unit that `value` has one of. A value just below the next unit must not be rounded to 1000 of this one.
std::string with_unit(double value, std::span<const Unit> units) {
  std::size_t i = units.size() - 1;
  while (i > 0 && value < 0.9995 * units[i].factor) --i;
  return three_digits(value / units[i].factor) + " " + std::string(units[i].name);
}

/// A number and what is behind it.
template <class T>
std::optional<std::pair<T, std::string_view>> number_and_rest(std::string_view text) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{}) return {};
  return std::pair{value, text.substr(std::size_t(end - text.data()))};
}

/// number * 10^exponent, when that is a size.
std::optional<std::size_t> in_tens(std::size_t number, std::string_view exponent) {
  const auto tens = number_and_rest<std::size_t>(exponent);
  if (!tens || !tens->second.empty() || tens->first > 19) return {};
  for (std::size_t i = 0; i < tens->first; ++i)
    if (__builtin_mul_overflow(number, std::size_t{10}, &number)) return {};
  return number;
}

}  // namespace

std::string size_text(std::size_t n) {
  constexpr std::string_view names[] = {"", "Ki", "Mi", "Gi"};
  std::size_t i = 0;
  while (i < 3 && n > 0 && n % 1024 == 0) n /= 1024, ++i;
  return fmt::format("{}{}", n, names[i]);
}

std::string time_text(double seconds) {
  constexpr Unit units[] = {{"ns", 1e-9}, {"us", 1e-6}, {"ms", 1e-3}, {"s", 1}};
  return with_unit(seconds, units);
}

std::string rate_text(double value, std::string_view unit) {
  constexpr Unit units[] = {{"", 1}, {"k", 1e3}, {"M", 1e6}, {"G", 1e9}, {"T", 1e12}};
  return with_unit(value, units) + std::string(unit);
}

std::string bytes_text(double bytes) {
  constexpr Unit units[] = {{"B", 1}, {"KiB", 0x1p10}, {"MiB", 0x1p20}, {"GiB", 0x1p30}, {"TiB", 0x1p40}};
  return with_unit(bytes, units);
}

std::string clock_text(double seconds) {
  const long whole = std::lround(seconds);
  return fmt::format("{:02}:{:02}", whole / 60, whole % 60);
}

std::optional<std::size_t> parse_size(std::string_view text) {
  constexpr Unit units[] = {{"", 1},    {"Ki", 0x1p10}, {"Mi", 0x1p20}, {"Gi", 0x1p30},
                            {"k", 1e3}, {"M", 1e6},     {"G", 1e9}};
  const auto number = number_and_rest<std::size_t>(text);
  if (!number || number->first == 0) return {};
  if (number->second.starts_with('e')) return in_tens(number->first, number->second.substr(1));
  for (const Unit& unit : units) {
    std::size_t size;
    if (unit.name != number->second) continue;
    if (!__builtin_mul_overflow(number->first, std::size_t(unit.factor), &size)) return size;
  }
  return {};
}

std::optional<std::vector<std::size_t>> parse_sizes(std::string_view text) {
  std::vector<std::size_t> sizes;
  for (const std::string& piece : split(text)) {
    const std::size_t dots = piece.find("..");
    const auto first = parse_size(std::string_view(piece).substr(0, dots));
    const auto last = dots == std::string::npos ? first : parse_size(std::string_view(piece).substr(dots + 2));
    if (!first || !last || *last < *first) return {};
    for (std::size_t n = *first; n<*last; n = n> * last / 4 ? *last : 4 * n) sizes.push_back(n);
    sizes.push_back(*last);
  }
  return sizes;
}

std::optional<double> parse_time(std::string_view text) {
  constexpr Unit units[] = {{"", 1}, {"s", 1}, {"ms", 1e-3}, {"us", 1e-6}, {"min", 60}, {"h", 3600}};
  const auto number = number_and_rest<double>(text);
  if (!number || !(number->first >= 0) || std::isinf(number->first)) return {};
  for (const Unit& unit : units)
    if (unit.name == number->second) return number->first * unit.factor;
  return {};
}

std::optional<double> parse_percent(std::string_view text) {
  const auto number = number_and_rest<double>(text);
  if (!number || number->second != "%" || !(number->first >= 0) || std::isinf(number->first)) return {};
  return number->first / 100;
}

std::vector<std::string> split(std::string_view text) {
  std::vector<std::string> pieces;
  while (true) {
    const std::size_t comma = text.find(',');
    pieces.emplace_back(text.substr(0, comma));
    if (comma == std::string_view::npos) return pieces;
    text.remove_prefix(comma + 1);
  }
}

}  // namespace flynn::bench
