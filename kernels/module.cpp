// The module of a device API, which the library opens at run time: what it exports, and the edge where failures become
// Status. Compiled once for each API, as FLYNN_DEVICE, like the plans.
#include <iterator>

#include <kernels/kernels.hpp>
#include <kernels/on_queue.hpp>

namespace flynn::FLYNN_DEVICE {
namespace {

Status probe(Text& text) {
  if (!inventory().devices.empty()) return {};
  hint(text, "%s", inventory().cure.c_str());
  return fail(text, Code::unavailable, "%s", inventory().reason.c_str());
}

/// Once more when memory was short and nothing was written yet: without what the device keeps for later calls.
template <class Work>
Status on_device(Execution& execution, Work work) {
  auto device = [&]() -> Device& { return device_at(execution.device, execution.threads); };
  execution.outputs_kept = true;
  const Status status = kernels::on_queue<Queue>(execution, device, work);
  if (status.code != Code::out_of_memory || !execution.outputs_kept) return status;
  device().free_caches();
  return kernels::on_queue<Queue>(execution, device, work);
}

template <class W, void (*plan)(Queue&, const W&)>
Status run(const W& w, Execution& execution) {
  return on_device(execution, [&](Queue& queue) { plan(queue, w); });
}

Status fetch(Resident& resident, Execution& execution) {
  return on_device(execution, [&](Queue& queue) { queue.fetch(resident); });
}

template <class W, void (*plan)(Queue&, const W&)>
constexpr Row row = flynn::row<W, &run<W, plan>>();

// clang-format off
constexpr Row rows[] = {
    row<Copy<float>, &kernels::copy>,
    row<Copy<double>, &kernels::copy>,
    row<Mul<float>, &kernels::mul>,
    row<Mul<double>, &kernels::mul>,
    row<Add<float>, &kernels::add>,
    row<Add<double>, &kernels::add>,
    row<Axpy<float>, &kernels::axpy>,
    row<Axpy<double>, &kernels::axpy>,
    row<Triad<float>, &kernels::triad>,
    row<Triad<double>, &kernels::triad>,
    row<Sum<float>, &kernels::sum>,
    row<Sum<double>, &kernels::sum>,
    row<Sum<std::int32_t>, &kernels::sum>,
    row<Sum<std::uint32_t>, &kernels::sum>,
    row<Sum<std::int64_t>, &kernels::sum>,
    row<Sum<std::uint64_t>, &kernels::sum>,
    row<Dot<float>, &kernels::dot>,
    row<Dot<double>, &kernels::dot>,
    row<Norm2<float>, &kernels::norm2>,
    row<Norm2<double>, &kernels::norm2>,
    row<Min<float>, &kernels::min>,
    row<Min<double>, &kernels::min>,
    row<Min<std::int32_t>, &kernels::min>,
    row<Min<std::uint32_t>, &kernels::min>,
    row<Min<std::int64_t>, &kernels::min>,
    row<Min<std::uint64_t>, &kernels::min>,
    row<Max<float>, &kernels::max>,
    row<Max<double>, &kernels::max>,
    row<Max<std::int32_t>, &kernels::max>,
    row<Max<std::uint32_t>, &kernels::max>,
    row<Max<std::int64_t>, &kernels::max>,
    row<Max<std::uint64_t>, &kernels::max>,
    row<Argmin<float>, &kernels::argmin>,
    row<Argmin<double>, &kernels::argmin>,
    row<Argmax<float>, &kernels::argmax>,
    row<Argmax<double>, &kernels::argmax>,
    row<Scan<float>, &kernels::scan>,
    row<Scan<double>, &kernels::scan>,
    row<Scan<std::int32_t>, &kernels::scan>,
    row<Scan<std::uint32_t>, &kernels::scan>,
    row<Scan<std::int64_t>, &kernels::scan>,
    row<Scan<std::uint64_t>, &kernels::scan>,
    row<Gemm<float>, &kernels::gemm>,
    row<Gemm<double>, &kernels::gemm>,
    row<Factorize<std::uint64_t>, &kernels::factorize>,
};
// clang-format on

constexpr Backend backend = {
    .name = name,
    .kind = FlynnClass::simt,
    .probe = probe,
    .device_count = [] { return inventory().devices.size(); },
    .device = [](std::size_t i) { return inventory().devices[i]->facts(); },
    .fetch = fetch,
    .rows = rows,
    .row_count = std::size(rows),
};

}  // namespace
}  // namespace flynn::FLYNN_DEVICE

extern "C" [[gnu::visibility("default")]] const flynn::Backend* flynn_backend() { return &flynn::FLYNN_DEVICE::backend; }
