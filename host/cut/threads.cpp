#include <array>
#include <span>

#include <cpu_fallback/kernels.hpp>
#include <flynn/workloads.hpp>
#include <host/cut/homes.hpp>
#include <host/cut/threads.hpp>
#include <host/plans/scan.hpp>
#include <simd/kernels.hpp>

namespace flynn::threads {
namespace {

/// The simd kernel of a spec, or the scalar one where that is a hole; looked up once.
template <Spec W>
auto leaf() {
  static const auto run = [] {
    for (const Backend* backend : {&simd::backend(), &scalar::backend})
      for (const Row& row : std::span(backend->rows, backend->row_count))
        if (row.id == spec_info<W>().id) return row.run;
    return +[](const void*, Execution&) { return Status{Code::unsupported}; };
  }();
  return run;
}

template <Spec W>
Status run(const W& w, Execution& execution) {
  auto part = []<Spec P>(const P& p, Execution& e) { return leaf<P>()(&p, e); };
  return run_at_home(w, part, *static_cast<ThreadPool*>(execution.pool), execution);
}

template <class... W>
constexpr auto rows_of(SpecList<W...>) {
  return std::array{row<W, &run<W>>()...};
}
constexpr auto rows = rows_of(AllSpecs{});

Status probe(Text& text) { return simd::backend().probe(text); }

}  // namespace

const Backend& backend() {
  static constexpr Backend threads = {.name = "threads",
                                      .kind = FlynnClass::mimd_threads,
                                      .probe = probe,
                                      .rows = rows.data(),
                                      .row_count = rows.size()};
  return threads;
}

}  // namespace flynn::threads
