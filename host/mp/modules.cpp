#include <cxxabi.h>
#include <dlfcn.h>
#include <link.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <mutex>

#include <host/mp/modules.hpp>
#include <host/pools/fork.hpp>

namespace flynn::mp {
namespace {

std::uint64_t mix(std::uint64_t hash, const void* data, std::size_t bytes) {  // FNV-1a
  for (std::size_t i = 0; i < bytes; ++i) hash = (hash ^ static_cast<const unsigned char*>(data)[i]) * 1099511628211u;
  return hash;
}
constexpr std::uint64_t mix_seed = 14695981039346656037u;

/// The build id that the linker has written into a file, or 0.
std::uint64_t build_id_in(const char* notes, std::size_t bytes) {
  const auto padded = [](std::size_t size) { return (size + 3) / 4 * 4; };
  for (const char* const end = notes + bytes; notes + sizeof(ElfW(Nhdr)) <= end;) {
    ElfW(Nhdr) note;
    std::memcpy(&note, notes, sizeof note);
    const char* const name = notes + sizeof note;
    const char* const data = name + padded(note.n_namesz);
    if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == 4 && std::memcmp(name, "GNU", 4) == 0)
      return mix(mix_seed, data, note.n_descsz) | 1;
    notes = data + padded(note.n_descsz);
  }
  return 0;
}

LoadedModule describe(const dl_phdr_info& info) {
  LoadedModule module{.id = 0, .base = info.dlpi_addr, .begin = 0, .end = 0, .path = info.dlpi_name};
  std::uint64_t sizes = mix(mix_seed, info.dlpi_name, std::strlen(info.dlpi_name));
  for (int i = 0; i < info.dlpi_phnum; ++i) {
    const ElfW(Phdr)& part = info.dlpi_phdr[i];
    if (part.p_type == PT_NOTE && module.id == 0)
      module.id = build_id_in(reinterpret_cast<const char*>(info.dlpi_addr + part.p_vaddr), part.p_memsz);
    if (part.p_type == PT_LOAD) sizes = mix(sizes, &part.p_memsz, sizeof part.p_memsz);
    if (part.p_type != PT_LOAD || (part.p_flags & PF_X) == 0) continue;
    module.begin = info.dlpi_addr + part.p_vaddr;
    module.end = module.begin + part.p_memsz;
  }
  if (module.id == 0) module.id = sizes | 1;
  return module;
}

/// How often files were loaded and unloaded.
std::uint64_t generation() {
  std::uint64_t count = 0;
  dl_iterate_phdr(
      [](dl_phdr_info* info, std::size_t, void* out) {
        *static_cast<std::uint64_t*>(out) = info->dlpi_adds + info->dlpi_subs;
        return 1;  // the first one tells
      },
      &count);
  return count;
}

/// What is loaded, read again only when that has changed.
class Snapshot {
 public:
  template <class Find>
  auto find(const Find& matches) {
    const std::uint64_t now = generation();
    const std::lock_guard lock(mutex_);
    if (generation_ != now) modules_ = loaded_modules();
    generation_ = now;
    return copy_of(matches);
  }

  std::mutex& mutex() { return mutex_; }

 private:
  template <class Find>
  std::pair<std::uint64_t, std::uintptr_t> copy_of(const Find& matches) const {
    const auto found = std::ranges::find_if(modules_, matches);
    return found == modules_.end() ? std::pair<std::uint64_t, std::uintptr_t>{} : std::pair{found->id, found->base};
  }

  std::mutex mutex_;
  std::uint64_t generation_ = ~std::uint64_t{0};
  std::vector<LoadedModule> modules_;
};

std::mutex& snapshot_mutex();
Snapshot& snapshot() {
  static Snapshot& snapshot = []() -> Snapshot& {
    hold_during_fork<snapshot_mutex>();
    return *new Snapshot;
  }();
  return snapshot;
}
std::mutex& snapshot_mutex() { return snapshot().mutex(); }

bool has_code_at(const LoadedModule& module, std::uintptr_t address) {
  return module.begin <= address && address < module.end;
}

std::string demangled(const char* name) {
  int status = 0;
  const std::unique_ptr<char, decltype(&std::free)> text(abi::__cxa_demangle(name, nullptr, nullptr, &status),
                                                         &std::free);
  return text ? text.get() : name;
}

}  // namespace

std::vector<LoadedModule> loaded_modules() {
  std::vector<LoadedModule> modules;
  dl_iterate_phdr(
      [](dl_phdr_info* info, std::size_t, void* all) {
        static_cast<std::vector<LoadedModule>*>(all)->push_back(describe(*info));
        return 0;
      },
      &modules);
  return modules;
}

std::uint64_t own_module() { return detail::place_of(reinterpret_cast<const void*>(&own_module)).module; }

const char* loaded_driver() {
  for (const LoadedModule& module : loaded_modules())
    for (const char* driver : {"libcuda.so", "libOpenCL.so"})
      if (module.path.find(driver) != std::string::npos) return driver;
  return nullptr;
}

std::string words_of(detail::CodePlace place) {
  char offset[32];
  for (const LoadedModule& module : loaded_modules()) {
    if (module.id != place.module) continue;
    const std::string file = module.path.empty() ? "program" : module.path.substr(module.path.rfind('/') + 1);
    const auto address = module.base + place.offset;
    Dl_info symbol = {};
    if (dladdr(reinterpret_cast<const void*>(address), &symbol) && symbol.dli_sname) {
      std::snprintf(offset, sizeof offset, "+0x%zx", address - reinterpret_cast<std::uintptr_t>(symbol.dli_saddr));
      return demangled(symbol.dli_sname) + offset + " (" + file + ")";
    }
    std::snprintf(offset, sizeof offset, "+0x%zx", std::size_t(place.offset));
    return file + offset;
  }
  std::snprintf(offset, sizeof offset, "0x%zx", std::size_t(place.offset));
  return offset;
}

namespace detail {

CodePlace place_of(const void* function) {
  const auto address = reinterpret_cast<std::uintptr_t>(function);
  const auto [id, base] = snapshot().find([&](const LoadedModule& m) { return has_code_at(m, address); });
  if (id == 0) throw Error(Code::invalid_argument, "flynn::mp: a function that lies in no file cannot be sent");
  return {id, address - base};
}

const void* function_at(CodePlace place) {
  if (place.module == 0) return nullptr;
  const auto [id, base] = snapshot().find([&](const LoadedModule& m) {
    return m.id == place.module && has_code_at(m, m.base + std::uintptr_t(place.offset));
  });
  if (id == 0)
    throw Error(Code::unavailable, "flynn::mp: the function lies in a shared library that is not loaded in the worker",
                {}, "link the program with it, or load it in the pool's initializer");
  return reinterpret_cast<const void*>(base + std::uintptr_t(place.offset));
}

}  // namespace detail

}  // namespace flynn::mp
