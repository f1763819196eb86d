#pragma once
#include <span>

#include <cpu_fallback/kernels.hpp>
#include <flynn/backend.hpp>
#include <flynn/workloads.hpp>
#include <simd/kernels.hpp>

namespace flynn {

/// What runs a part on one core: the simd kernel of its spec, or the scalar one where that is a hole.
struct HostLeaf {
  template <Spec W>
  Status operator()(const W& w, Execution& execution) const {
    static const auto run = find(spec_info<W>().id);
    return run(&w, execution);
  }

 private:
  static auto find(std::uint32_t id) -> Status (*)(const void*, Execution&) {
    for (const Backend* backend : {&simd::backend(), &scalar::backend})
      for (const Row& row : std::span(backend->rows, backend->row_count))
        if (row.id == id) return row.run;
    return [](const void*, Execution&) { return Status{Code::unsupported}; };
  }
};

}  // namespace flynn
