#include <array>
#include <vector>

#include <host/cut/hosted.hpp>
#include <host/cut/process_team.hpp>
#include <host/cut/processes.hpp>
#include <host/cut/run_parts.hpp>
#include <host/cut/run_staged.hpp>
#include <host/module.hpp>
#include <host/plans/scan.hpp>

namespace flynn::processes {
namespace {

template <Spec W>
Status run(const W& w, Execution& execution) {
  const void* result = nullptr;  // merged by the caller itself
  if constexpr (Reduces<W>) result = w.result.data;
  return run_staged(w, result, *static_cast<ProcessPool*>(execution.pool), execution,
                    [&](W& shared, ProcessPool::Use& use) {
                      ProcessTeam team(use, execution);
                      return run_parts(shared, team);
                    });
}

template <class... W>
constexpr auto rows_of(SpecList<W...>) {
  return std::array{row<W, &run<W>>()...};
}
constexpr auto rows = rows_of(AllSpecs{});

/// A part, as the worker gets it.
template <Spec W>
Status serve_part(void* argument, Execution& execution) {
  W& w = *static_cast<W*>(argument);
  decode(w);
  return HostLeaf()(w, execution);
}

template <class... W>
constexpr auto functions_of(SpecList<W...>) {
  return std::array<WorkerFunction, sizeof...(W)>{serve_part<W>...};
}
constexpr auto all_functions = functions_of(AllSpecs{});

Status probe(Text& text) {
  if (worker_program().empty()) {
    hint(text, "install flynn anew, with all its files");
    return fail(text, Code::unavailable, "the program flynn-worker is not installed");
  }
  return simd::backend().probe(text);
}

}  // namespace

std::string worker_program() { return find_installed("flynn-worker"); }

std::span<const WorkerFunction> functions() { return all_functions; }

void serve_backend(int count, char** arguments) {
  std::vector<WorkerFunction> all(functions().begin(), functions().end());
  all.insert(all.end(), hosted::functions().begin(), hosted::functions().end());
  serve(count, arguments, all);
}

const Backend& backend() {
  static constexpr Backend processes = {.name = "processes",
                                        .kind = FlynnClass::mimd_processes,
                                        .probe = probe,
                                        .rows = rows.data(),
                                        .row_count = rows.size()};
  return processes;
}

}  // namespace flynn::processes
