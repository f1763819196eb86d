#pragma once
// A backend is a name, a class of Flynn's taxonomy, a probe and a flat table of kernels. The host and the modules that
// are opened at run time are built from this header.

#include <cstddef>
#include <cstdint>
#include <new>

#include <flynn/build_id.hpp>
#include <flynn/device.hpp>
#include <flynn/execution.hpp>
#include <flynn/spec.hpp>

namespace flynn {

/// Raised by hand whenever a struct that crosses the border of a module changes.
inline constexpr std::uint32_t backend_api_version = 2;

/// One workload for one element type on this backend.
struct Row {
  std::uint32_t id, size, version;  ///< of the spec, see SpecInfo
  Status (*run)(const void* spec, Execution&);
};

struct Backend {
  std::uint32_t api_version = backend_api_version;  ///< checked before anything else
  const char* build_id = FLYNN_BUILD_ID;
  const char* name;
  FlynnClass kind;
  /// Ok when it can run something here. Otherwise `unavailable`, why, and what cures it. May take its time at
  /// the first call.
  Status (*probe)(Text&);
  /// How many devices it drives, and the i-th; null for backends that run on the host's cores.
  std::size_t (*device_count)() = nullptr;
  Device (*device)(std::size_t i) = nullptr;
  /// Uploads an Array ahead of a call; null for backends without memory of their own.
  Status (*fetch)(Resident&, Execution&) = nullptr;
  const Row* rows;
  std::size_t row_count;
};

/// The one symbol that a module exports.
extern "C" using BackendEntry = const Backend * ();
inline constexpr const char* backend_entry_name = "flynn_backend";

/// A kernel with its spec's type, as a row of a table: `row<Axpy<float>, &scalar::axpy<float>>()`. A kernel in the
/// wrong cell does not compile. No exception leaves it.
template <Spec W, Status (*kernel)(const W&, Execution&)>
constexpr Row row() {
  constexpr SpecInfo info = spec_info<W>();
  return {info.id, info.size, info.version, [](const void* spec, Execution& execution) {
            try {
              return kernel(*static_cast<const W*>(spec), execution);
            } catch (const std::bad_alloc&) {
              return fail(*execution.text, Code::out_of_memory, "%.*s: out of host memory", int(W::name.size()),
                          W::name.data());
            } catch (...) {
              return fail(*execution.text, Code::internal, "%.*s: the kernel threw", int(W::name.size()),
                          W::name.data());
            }
          }};
}

}  // namespace flynn
