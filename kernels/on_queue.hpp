#pragma once
#include <type_traits>

#include <flynn/execution.hpp>
#include <kernels/failure.hpp>

namespace flynn::kernels {

/// Calls work(queue) with a queue on the device that find() gives, waits for what it launched, and makes a Status of a
/// Failure: the edge of a module. A device that is lost stays so.
template <class Queue, class Find, class Work>
Status on_queue(Execution& execution, Find find, Work work) {
  std::remove_reference_t<decltype(find())>* device = nullptr;
  try {
    device = &find();
    device->loss().check(device->facts().name);
    Queue queue(*device, execution);
    work(queue);
    queue.finish();
    return {};
  } catch (const Failure& failure) {
    if (device && failure.loses_device()) device->loss().report(failure);
    return fail(*execution.text, failure.code(), "%s", failure.what());
  }
}

}  // namespace flynn::kernels
