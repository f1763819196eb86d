#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include <flynn/mp/callable.hpp>

namespace flynn::mp {

/// A file that is mapped as a part of this program.
struct LoadedModule {
  std::uint64_t id;           ///< from its build id; from its name and size where it has none
  std::uintptr_t base;        ///< what its addresses are relative to
  std::uintptr_t begin, end;  ///< of its code
  std::string path;           ///< empty for the program itself
};

/// Those that are loaded now.
std::vector<LoadedModule> loaded_modules();
/// The one that flynn::mp itself is in: a program and its workers must have the same.
std::uint64_t own_module();
/// Whether a driver of a GPU is loaded: what it keeps for this process does not survive a fork. Its name, or null.
const char* loaded_driver();

/// For people: "crash_here()+0x1c (program)".
std::string words_of(detail::CodePlace place);

}  // namespace flynn::mp
