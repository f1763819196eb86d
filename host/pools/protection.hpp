#pragma once

#ifdef FLYNN_FAULTS
#include <cstdlib>
#include <string_view>
#endif

namespace flynn {

// Each protection against a fault has a name, by which a program of the tests switches it off, to show that the test of
// that fault notices: FLYNN_WITHOUT=watchdog,deathsignal. Only those programs are compiled with FLYNN_FAULTS; in the
// library all of it is on and no name is left.

#ifdef FLYNN_FAULTS
inline bool protects(const char* name) {
  const char* const without = std::getenv("FLYNN_WITHOUT");
  if (!without) return true;
  std::string_view list = without;
  for (std::size_t comma; (comma = list.find(',')) != list.npos; list.remove_prefix(comma + 1))
    if (list.substr(0, comma) == name) return false;
  return list != name;
}
#else
constexpr bool protects(const char*) { return true; }
#endif

}  // namespace flynn
