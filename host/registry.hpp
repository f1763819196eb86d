#pragma once
#include <memory>
#include <span>
#include <string_view>

#include <flynn/backend.hpp>
#include <flynn/workloads.hpp>

namespace flynn {

/// A backend as the registry knows it before it is opened.
struct Entry {
  std::string_view name;
  FlynnClass kind;
  bool runs_on_host;  ///< on the cores of the budget, with the instruction set of the simd backend below it
  /// Gives its table and probes it, or says why there is none. Called once for a process.
  Status (*open)(const Backend*& backend, Text& text);
};

/// All backends that flynn knows, in the order of their names in lists; the only such list.
std::span<const Entry> registry();

/// Its place there.
inline std::size_t index_of(const Entry& entry) { return std::size_t(&entry - registry().data()); }

using Kernel = Status (*)(const void* spec, Execution&);

/// An opened backend: its kernels by the index of their spec in AllSpecs, null where it has none.
struct OpenBackend {
  const Entry* entry;
  const Backend* backend = nullptr;  ///< null when it could not be opened
  Status status;                     ///< ok when available
  Text text;                         ///< why it is not
  Kernel kernels[AllSpecs::size] = {};
};

/// "gemm/f64": a spec by its index in AllSpecs.
std::string_view full_name_of(std::size_t index);

/// The instruction set that its kernels have; empty where it is not the library's choice.
std::string_view architecture_of(const Entry& entry);

/// The entry's backend, opened and probed at the first call. Thread-safe.
const OpenBackend& open_backend(const Entry& entry);

}  // namespace flynn
