#pragma once
#include <new>

#include <host/cut/staging.hpp>

namespace flynn {

/// Calls run(w, use) with a spec whose data the workers of a pool see, and brings home what it wrote. The view of
/// memory at `own` stays as it is: the caller fills it himself.
template <Spec W, class Run>
Status run_staged(W w, const void* own, ProcessPool& pool, Execution& execution, const Run& run) {
  try {
    ProcessPool::Use use(pool, execution);
    if (Status s = use.begin(); !s.ok()) return s;
    execution.outputs_kept = true;
    Staging staging(use, execution);
    Status status;
    w.each_buffer([&](auto& view) {
      if (status.ok() && (view.data != own || !view.data)) status = staging.place(view);
    });
    if (status.ok()) status = run(w, use);
    return status.ok() ? staging.finish() : status;
  } catch (const Error& error) {
    hint(*execution.text, "%s", error.hint().c_str());
    return fail(*execution.text, error.code(), "%s", error.text().c_str());
  } catch (const std::bad_alloc&) {
    return fail(*execution.text, Code::out_of_memory, "%s: out of host memory", W::name.data());
  }
}

}  // namespace flynn
