#include <array>
#include <mutex>
#include <string>

#include <cpu_fallback/kernels.hpp>
#include <flynn/context.hpp>
#include <host/cut/processes.hpp>
#include <host/cut/threads.hpp>
#include <host/module.hpp>
#include <host/registry.hpp>
#include <simd/kernels.hpp>

namespace flynn {
namespace {

Status open_scalar(const Backend*& backend, Text&) {
  backend = &scalar::backend;
  return {};
}

Status open_simd(const Backend*& backend, Text&) {
  backend = &simd::backend();
  return {};
}

Status open_threads(const Backend*& backend, Text&) {
  backend = &threads::backend();
  return {};
}

Status open_processes(const Backend*& backend, Text&) {
  backend = &processes::backend();
  return {};
}

Status open_opencl(const Backend*& backend, Text& text) { return open_module("opencl", backend, text); }

Status open_cuda(const Backend*& backend, Text& text) { return open_module("cuda", backend, text); }

constexpr Entry entries[] = {
    {"scalar", FlynnClass::sisd, true, open_scalar},
    {"simd", FlynnClass::simd, true, open_simd},
    {"threads", FlynnClass::mimd_threads, true, open_threads},
    {"processes", FlynnClass::mimd_processes, true, open_processes},
    {"opencl", FlynnClass::simt, false, open_opencl},
    {"cuda", FlynnClass::simt, false, open_cuda},
};

/// Puts the rows of its table into cells. A row of another version of a spec counts as none.
void fill_cells(OpenBackend& open) {
  for (const Row& row : std::span(open.backend->rows, open.backend->row_count))
    for (std::size_t i = 0; i < AllSpecs::size; ++i) {
      const SpecInfo& info = AllSpecs::infos[i];
      if (row.id == info.id && row.size == info.size && row.version == info.version) open.kernels[i] = row.run;
    }
}

void open_now(OpenBackend& open) {
  open.status = open.entry->open(open.backend, open.text);
  if (open.status.ok()) open.status = open.backend->probe(open.text);
  if (open.backend) fill_cells(open);
}

}  // namespace

std::span<const Entry> registry() { return entries; }

std::string_view full_name_of(std::size_t index) {
  static const auto names = [] {
    std::array<std::string, AllSpecs::size> all;
    for (std::size_t i = 0; i < all.size(); ++i)
      all[i].append(AllSpecs::infos[i].workload).append("/").append(AllSpecs::infos[i].type);
    return all;
  }();
  return names[index];
}

std::string_view architecture_of(const Entry& entry) {
  return entry.runs_on_host && entry.kind != FlynnClass::sisd ? simd::architecture() : "";
}

const OpenBackend& open_backend(const Entry& entry) {
  static OpenBackend opened[std::size(entries)];
  static std::once_flag once[std::size(entries)];
  const std::size_t i = index_of(entry);
  std::call_once(once[i], [&] {
    opened[i].entry = &entry;
    open_now(opened[i]);
  });
  return opened[i];
}

}  // namespace flynn
