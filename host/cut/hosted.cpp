#include <array>
#include <cstring>

#include <host/cut/hosted.hpp>
#include <host/cut/on_device.hpp>
#include <host/cut/process_team.hpp>
#include <host/cut/run_staged.hpp>

namespace flynn::hosted {
namespace {

/// A task of the worker.
template <Spec W>
struct Job {
  W spec;
  std::uint32_t backend;  ///< its place in the registry
  int device;
  unsigned threads;
};

template <Spec W>
Status run_spec(const Entry& entry, const void* spec, ProcessPool& pool, Execution& execution) {
  return run_staged(*static_cast<const W*>(spec), nullptr, pool, execution, [&](W& w, ProcessPool::Use& use) {
    encode(w);
    const Job<W> job = {w, std::uint32_t(index_of(entry)), execution.device, execution.threads};
    return use.run(1, [&](std::size_t, Task& task) {
      static_assert(sizeof job <= sizeof task.argument);
      task.function = std::uint32_t(AllSpecs::size + spec_index<W>());  // after those that run parts
      std::memcpy(task.argument, &job, sizeof job);
    });
  });
}

template <Spec W>
Status serve_job(void* argument, Execution& execution) {
  Job<W>& job = *static_cast<Job<W>*>(argument);
  decode(job.spec);
  const OpenBackend& open = open_backend(registry()[job.backend]);
  if (!open.status.ok()) {
    *execution.text = open.text;
    return open.status;
  }
  if (!open.kernels[spec_index<W>()])
    return fail(*execution.text, Code::unsupported, "%s has no kernel for %s", open.entry->name.data(),
                full_name_of(spec_index<W>()).data());
  Clocks clocks;
  execution.threads = job.threads;
  execution.device = job.device;
  execution.clocks = &clocks;
  return run_on_device(open, {spec_index<W>(), &job.spec, job.spec.cost()}, execution);
}

template <class... W>
constexpr auto runs_of(SpecList<W...>) {
  return std::array{&run_spec<W>...};
}

template <class... W>
constexpr auto functions_of(SpecList<W...>) {
  return std::array<WorkerFunction, sizeof...(W)>{serve_job<W>...};
}

}  // namespace

Status run(const Entry& entry, const Context::Request& request, ProcessPool& pool, Execution& execution) {
  static constexpr auto runs = runs_of(AllSpecs{});
  const Status status = runs[request.index](entry, request.spec, pool, execution);
  if (status.code == Code::device_failed || status.code == Code::unavailable) pool.renew("its device had failed");
  return status;
}

std::span<const WorkerFunction> functions() {
  static constexpr auto all = functions_of(AllSpecs{});
  return all;
}

}  // namespace flynn::hosted
