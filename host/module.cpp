#include <dlfcn.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <string>
#include <vector>

#include <host/icd.hpp>
#include <host/module.hpp>
#include <host/probe.hpp>
#include <host/search_paths.hpp>

namespace flynn {
namespace {

namespace fs = std::filesystem;

/// The folder of the library, or of the program when flynn is linked into it.
fs::path own_folder() {
  Dl_info info;
  if (!dladdr(reinterpret_cast<const void*>(&own_folder), &info) || !info.dli_fname) return {};
  std::error_code error;
  const fs::path file = fs::canonical(info.dli_fname, error);
  if (!error && file.has_parent_path()) return file.parent_path();
  return fs::read_symlink("/proc/self/exe", error).parent_path();
}

std::vector<fs::path> module_folders() {
  std::vector<fs::path> folders;
  if (const fs::path own = own_folder(); !own.empty()) {
    folders.push_back(own / "flynn");
    folders.push_back(own / ".." / FLYNN_LIBDIR / "flynn");
  }
  folders.push_back(fs::path(FLYNN_INSTALL_LIBDIR) / "flynn");
  const char* variable = secure_getenv("FLYNN_MODULE_PATH");
  std::string_view rest = variable ? variable : "";
  while (!rest.empty()) {
    const std::size_t colon = std::min(rest.find(':'), rest.size());
    if (rest.starts_with('/')) folders.emplace_back(rest.substr(0, colon));
    rest.remove_prefix(std::min(colon + 1, rest.size()));
  }
  return folders;
}

/// Version and build id come first: nothing else of the struct may be read before they agree.
Status check_origin(const Backend& backend, const fs::path& file, Text& text) {
  if (backend.api_version == backend_api_version && std::strcmp(backend.build_id, FLYNN_BUILD_ID) == 0) return {};
  const bool same_api = backend.api_version == backend_api_version;
  hint(text, "install library and modules from the same build");
  return fail(text, Code::unavailable, "%s was built as %s, the library as %s", file.c_str(),
              same_api ? backend.build_id : "another API version", FLYNN_BUILD_ID);
}

/// The drivers that OpenCL goes without. Written while its module is opened, which happens once, and before anyone
/// asks.
std::vector<std::string>& icds_left_out() {
  static std::vector<std::string> left_out;
  return left_out;
}

/// Opens a module that a child found well.
Status open_file(std::string_view name, const fs::path& file, const Backend*& backend, Text& text) {
  void* const handle = dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);  // never closed: its kernels stay in tables
  if (!handle) {
    hint(text, "install the driver libraries that it names");
    return fail(text, Code::unavailable, "cannot open the %s module: %s", std::string(name).c_str(), dlerror());
  }
  auto* const entry = reinterpret_cast<BackendEntry*>(dlsym(handle, backend_entry_name));
  if (!entry)
    return fail(text, Code::unavailable, "%s is not a module of flynn: it has no %s", file.c_str(), backend_entry_name);
  const Backend* const found = entry();
  if (Status s = check_origin(*found, file, text); !s.ok()) return s;
  backend = found;
  return {};
}

Status open_opencl(const fs::path& file, const Backend*& backend, Text& text) {
  IcdView view;
  if (Status s = probe_icds(file, view, icds_left_out(), text); !s.ok()) return s;
  if (Status s = open_file("opencl", file, backend, text); !s.ok()) return s;
  // The loader looks for drivers at its first call, once: that must be while the view lasts.
  return view.is_applied() ? backend->probe(text) : Status{};
}

Status open_probed(std::string_view name, const fs::path& file, const Backend*& backend, Text& text) {
  if (const std::string path = relative_search_path(name); !path.empty()) {
    hint(text, "make it absolute, or remove it");
    return fail(text, Code::unavailable, "%s", path.c_str());
  }
  if (name == "opencl") return open_opencl(file, backend, text);
  if (Status s = probe_in_child(file, text); !s.ok()) return s;
  return open_file(name, file, backend, text);
}

}  // namespace

std::string find_installed(std::string_view name) {
  std::error_code error;
  for (const fs::path& folder : module_folders())
    if (const fs::path file = folder / name; fs::exists(file, error)) return file;
  return {};
}

Status open_module(std::string_view name, const Backend*& backend, Text& text) {
  const std::string file_name = "flynn_" + std::string(name) + ".so";
  if (const fs::path file = find_installed(file_name); !file.empty()) return open_probed(name, file, backend, text);
  hint(
      text,
      "build flynn where the headers of that API are installed, or name the folder of the module in FLYNN_MODULE_PATH");
  return fail(text, Code::unavailable, "the module %s is not installed", file_name.c_str());
}

std::vector<std::string> left_out_by(std::string_view name) {
  return name == "opencl" ? icds_left_out() : std::vector<std::string>{};
}

}  // namespace flynn
