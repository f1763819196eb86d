#pragma once
#include <vector>

#include <host/choose/decide.hpp>
#include <host/choose/trust.hpp>
#include <host/recover/originals.hpp>

namespace flynn {

/// Whether it is about the device, and another one may do better: not a stop, a deadline, or a defect of flynn.
constexpr bool is_of_device(Code code) {
  return code == Code::out_of_memory || code == Code::device_failed || code == Code::unavailable ||
         code == Code::unsupported || code == Code::worker_died;
}

/// Whether auto is to remember it. A process that died was replaced, and what has no kernel says so at once.
constexpr bool is_lasting(Code code) {
  return code == Code::out_of_memory || code == Code::device_failed || code == Code::unavailable;
}

/// Runs a call that auto gave to a device. When that fails, it begins anew on the next best backend, from the same
/// input; where the input is not what it was, the failure stands. `run()` runs what was decided on; `isolate` says that
/// a device works again after its failure. The decision becomes the last one.
template <class Run>
Status run_or_move_on(Question& question, Chooser& chooser, const Context::Request& request, bool isolate,
                      Decision& decision, Execution& execution, std::vector<Error>& failures, const Run& run) {
  const Originals originals(request);
  const Execution fresh = execution;
  for (;;) {
    const Entry& entry = decision.first();
    execution = fresh;
    execution.outputs_kept = !entry.runs_on_host;  // until a device says that it writes
    const Status status = run();
    if (status.ok() || entry.runs_on_host || !is_of_device(status.code)) return status;
    if (is_lasting(status.code) && !(isolate && status.code == Code::device_failed))
      distrust(entry, status, question.cost.bytes, *execution.text);
    if (!originals.restore(request, execution)) return status;
    execution.outputs_kept = true;
    failures.push_back(detail::make_error(status, *execution.text, entry.name));
    execution.text->message[0] = execution.text->hint[0] = '\0';
    question.excluded |= BackendMask{1} << index_of(entry);
    decision.entries[0] = &chooser.choose(question, decision.reason);
  }
}

}  // namespace flynn
