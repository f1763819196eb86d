#pragma once
#include <flynn/execution.hpp>
#include <kernels/failure.hpp>

namespace flynn::kernels {

/// Calls work(queue) with a queue on the device that find() gives, waits for what it launched, and makes a Status of a
/// Failure: the edge of a module.
template <class Queue, class Find, class Work>
Status on_queue(Execution& execution, Find find, Work work) {
  try {
    Queue queue(find(), execution);
    work(queue);
    queue.finish();
    return {};
  } catch (const Failure& failure) {
    return fail(*execution.text, failure.code(), "%s", failure.what());
  }
}

}  // namespace flynn::kernels
