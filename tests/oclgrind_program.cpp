// Runs under oclgrind, which interprets the device texts and reports races, accesses out of bounds and misuse of the
// API. Its device calls itself a GPU, so this is the GPU's shape of the texts. `oclgrind_program`: every kernel of the
// module, small, and judged. `oclgrind_program planted`: kernels with faults that must be reported.
#include <cstdio>
#include <string_view>
#include <vector>

#include <kernels/kernels.hpp>
#include <kernels/tree.hpp>
#include <tests/samples/all.hpp>

extern "C" const flynn::Backend* flynn_backend();

namespace flynn {
namespace {

/// At most 10,000 work-items: oclgrind is about 1000 times as slow as PoCL.
template <class W>
constexpr std::size_t small_size() {
  if constexpr (W::rate == Rate::flops) return 33;
  if constexpr (W::rate == Rate::items) return 20;
  return 9001;
}

template <class W>
bool run_row(const Row& row) {
  samples::Buffers memory;
  const W got = samples::make<W>(small_size<W>(), memory, 1), fresh = samples::make<W>(small_size<W>(), memory, 1);
  Text text;
  Execution execution{.text = &text};
  const Status status = row.run(&got, execution);
  const samples::Verdict verdict = samples::Sample<W>::judge(got, fresh);
  const bool right = status.ok() && verdict.pass;
  std::printf("%-10s %s %s %s\n", W::name.data(), type_name<typename W::value_type>().data(), right ? "right" : "WRONG",
              status.ok() ? verdict.where.c_str() : text.message);
  return right;
}

bool run_rows() {
  const Backend& backend = *flynn_backend();
  std::size_t right = 0;
  AllSpecs::each([&]<class W>() {
    for (const Row& row : std::span(backend.rows, backend.row_count))
      if (row.id == spec_info<W>().id) right += run_row<W>(row);
  });
  return right == backend.row_count;
}

/// Two groups of k_combine, for which a sum would need over a million elements.
bool run_combine() {
  std::vector<float> partials(1500), result(2);
  for (std::size_t i = 0; i < partials.size(); ++i) partials[i] = 1.0f / float(i + 1);
  Execution execution;
  opencl::Queue queue(opencl::device_at(-1, 1), execution);
  queue.launch(kernels::entry<float>("sum", "k_combine"), 2, 256, partials.size(), queue.buffer(In<float>(partials)),
               queue.buffer(Out<float>(result)));
  queue.finish();
  return result[0] == tree_merge(partials.data(), 1024) && result[1] == tree_merge(partials.data() + 1024, 476);
}

void run_planted() {
  constexpr std::string_view text = R"(
    __kernel void k_race_u32(__global uint* x) { x[0] = get_local_id(0); }
    __kernel void k_outside_u32(__global uint* x) { x[get_global_id(0)] = 1; }
    __kernel void k_local_race_u32(__global uint* x) {
      __local uint lane[64];
      lane[get_local_id(0)] = get_local_id(0);
      if (get_local_id(0) == 0) x[0] = lane[1];
    })";
  opencl::Device& device = opencl::device_at(-1, 1);
  cl_int error;
  const opencl::CommandQueue queue(clCreateCommandQueue(device.context(), device.id(), 0, &error));
  const opencl::Memory memory(
      clCreateBuffer(device.context(), CL_MEM_READ_WRITE, 32 * sizeof(cl_uint), nullptr, &error));
  const cl_mem handle = memory.get();
  for (std::string_view name : {"k_race", "k_outside", "k_local_race"}) {
    const opencl::Kernel kernel = device.kernel(text, {"planted", name, "u32"});
    clSetKernelArg(kernel.get(), 0, sizeof handle, &handle);
    const std::size_t items = 64;
    clEnqueueNDRangeKernel(queue.get(), kernel.get(), 1, nullptr, &items, &items, 0, nullptr, nullptr);
    clFinish(queue.get());
  }
  clSetKernelArg(device.kernel(text, {"planted", "k_race", "u32"}).get(), 1, sizeof handle, &handle);  // it has one
}

}  // namespace
}  // namespace flynn

int main(int argc, char** argv) {
  try {
    if (argc > 1 && argv[1] == std::string_view("planted")) return flynn::run_planted(), 0;
    const bool rows = flynn::run_rows(), combine = flynn::run_combine();
    std::printf("combine %s\n", combine ? "right" : "WRONG");
    return rows && combine ? 0 : 1;
  } catch (const flynn::opencl::Failure& failure) {
    std::printf("%s\n", failure.what());
    return 1;
  }
}
