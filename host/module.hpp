#pragma once
#include <string>
#include <string_view>
#include <vector>

#include <flynn/backend.hpp>

namespace flynn {

/// The path of a file that is installed with flynn; empty when it is not there. It is looked for in the folder flynn/
/// beside the library or program, in that of the install prefix, then in the absolute paths of FLYNN_MODULE_PATH
/// (separated by ':'); never in the current folder.
std::string find_installed(std::string_view name);

/// Opens flynn_NAME.so and takes its backend. `unavailable` with the reason when it is not there, fails in the child that
/// probes it first, cannot be loaded, or was built from other headers than the library.
Status open_module(std::string_view name, const Backend*& backend, Text& text);

/// The drivers that a module goes without, each with the reason, once open_module has opened it.
std::vector<std::string> left_out_by(std::string_view name);

}  // namespace flynn
