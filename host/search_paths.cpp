#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include <host/search_paths.hpp>

namespace flynn {
namespace {

namespace fs = std::filesystem;

/// The first entry of a list that f holds for; `none` when there is no such entry.
template <class F>
std::string_view find_entry_of(std::string_view list, const char* separators, F f) {
  for (std::size_t begin = 0; begin <= list.size();) {
    const std::size_t end = std::min(list.find_first_of(separators, begin), list.size());
    const std::string_view entry = list.substr(begin, end - begin);
    if (f(entry)) return entry;
    begin = end + 1;
  }
  return {};
}

bool has_libraries(const fs::path& folder) {
  std::error_code error;
  for (fs::directory_iterator file(folder, error), end; !error && file != end; file.increment(error))
    if (file->path().filename().string().find(".so") != std::string::npos) return true;
  return false;
}

std::string words_of(const char* name, std::string_view entry) {
  std::string words(name);
  return words.append(" has \"").append(entry).append("\", a path relative to the current folder");
}

}  // namespace

std::string environment_variable(const char* name) {
  const char* const value = secure_getenv(name);
  return value ? value : "";
}

std::string relative_search_path(std::string_view api) {
  const std::string libraries = environment_variable("LD_LIBRARY_PATH");
  bool is_found = false;
  const auto is_dangerous = [&](std::string_view entry) {
    is_found = !entry.starts_with('/') && !entry.starts_with('$') && has_libraries(entry.empty() ? "." : entry);
    return is_found;
  };
  if (!libraries.empty()) {  // an empty variable is none, an empty entry is the current folder
    const std::string_view entry = find_entry_of(libraries, ":;", is_dangerous);
    if (is_found) return words_of("LD_LIBRARY_PATH", entry);
  }
  if (api != "opencl") return {};
  for (const char* name : {"OCL_ICD_VENDORS", "OPENCL_VENDOR_PATH", "OCL_ICD_FILENAMES"}) {
    const std::string list = environment_variable(name);
    std::error_code error;
    const std::string_view entry = find_entry_of(list, ":", [&](std::string_view e) {
      return !e.empty() && !e.starts_with('/') && (e.find('/') != e.npos || fs::is_directory(e, error));
    });
    if (!entry.empty()) return words_of(name, entry);
  }
  return {};
}

}  // namespace flynn
