// The module that the library opens at run time: what it exports, and the edge where failures become Status.
#include <iterator>

#include <kernels/kernels.hpp>

namespace flynn::opencl {
namespace {

Status probe(Text& text) {
  if (!inventory().devices.empty()) return {};
  hint(text, "install a driver: apt-get install pocl-opencl-icd for the CPU, or the GPU vendor's OpenCL driver");
  return fail(text, Code::unavailable, "%s", inventory().reason.c_str());
}

template <class W, void (*plan)(Queue&, const W&)>
Status run(const W& w, Execution& execution) {
  try {
    Queue queue(device_at(execution.device), execution);
    plan(queue, w);
    queue.finish();
    return {};
  } catch (const Failure& failure) {
    return fail(*execution.text, failure.code(), "%s", failure.what());
  }
}

template <class W, void (*plan)(Queue&, const W&)>
constexpr Row row = flynn::row<W, &run<W, plan>>();

constexpr Row rows[] = {
    row<Axpy<float>, &kernels::axpy>,
    row<Axpy<double>, &kernels::axpy>,
};

constexpr Backend backend = {
    .name = "opencl",
    .kind = FlynnClass::simt,
    .probe = probe,
    .device_count = [] { return inventory().devices.size(); },
    .device = [](std::size_t i) { return inventory().devices[i]->facts(); },
    .rows = rows,
    .row_count = std::size(rows),
};

}  // namespace
}  // namespace flynn::opencl

extern "C" [[gnu::visibility("default")]] const flynn::Backend* flynn_backend() { return &flynn::opencl::backend; }
