#include <array>

#include <host/cut/homes.hpp>
#include <host/cut/run_parts.hpp>
#include <host/cut/threads.hpp>
#include <host/plans/scan.hpp>

namespace flynn::threads {
namespace {

template <Spec W>
Status run(const W& w, Execution& execution) {
  return run_at_home(w, *static_cast<ThreadPool*>(execution.pool), execution);
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
