#include <array>
#include <deque>
#include <tuple>

#include <flynn/buffer.hpp>
#include <host/cut/on_device.hpp>
#include <host/cut/run_parts.hpp>
#include <host/plans/scan.hpp>
#include <host/recover/originals.hpp>

namespace flynn {
namespace {

/// A device that does one part after the other; see team.hpp.
class DeviceTeam {
 public:
  DeviceTeam(const OpenBackend& device, Execution& execution) : device_(device), execution_(execution) {}
  DeviceTeam(const DeviceTeam&) = delete;

  unsigned threads() const { return 1; }
  std::size_t parts() const { return parts_; }

  template <class T>
  std::span<T> slots(std::size_t n) {
    return slots_.emplace_back(make_buffer<T>(n)).template as<T>().first(n);
  }

  void read_ahead(std::size_t) {}

  template <class... Make>
  Status run(std::size_t parts, const Make&... make) {
    Status status;
    for (std::size_t i = 0; i < parts && status.ok(); ++i) (void)((status = run_part(make(i))).ok() && ...);
    return status;
  }

 private:
  template <Spec W>
  Status run_part(const W& w) {
    const Kernel kernel = device_.kernels[spec_index<W>()];
    if (!kernel) return {Code::unsupported};
    Execution part = execution_;
    const Status status = kernel(&w, part);
    execution_.outputs_kept &= part.outputs_kept;
    ++parts_;
    return status;
  }

  const OpenBackend& device_;
  Execution& execution_;
  std::deque<Buffer> slots_;
  std::size_t parts_ = 0;
};

/// The parts of a matrix lie between each other's rows, so each of them needs about as much memory as the whole.
template <class W>
constexpr bool is_cut_along_one_axis = true;
template <class W>
requires requires { typename W::box; }
constexpr bool is_cut_along_one_axis<W> = std::tuple_size_v<typename W::box> == 1;

template <Spec W>
Status run_in_parts(const OpenBackend& device, const void* spec, Execution& execution) {
  if constexpr (is_cut_along_one_axis<W>) try {
      DeviceTeam team(device, execution);
      const Status status = run_parts(*static_cast<const W*>(spec), team);
      if (status.ok() && execution.clocks) execution.clocks->parts = team.parts();
      return status;
    } catch (const std::bad_alloc&) {  // the device's failure stands
    }
  return {Code::out_of_memory};
}

template <class... W>
constexpr auto functions_of(SpecList<W...>) {
  return std::array{&run_in_parts<W>...};
}

}  // namespace

Status run_on_device(const OpenBackend& device, const Context::Request& request, Execution& execution) {
  static constexpr auto in_parts = functions_of(AllSpecs{});
  begin_writing(request.arrays);
  Status status = device.kernels[request.index](request.spec, execution);
  // An Array is on a device as a whole or not at all.
  if (status.code == Code::out_of_memory && execution.outputs_kept && request.arrays.empty())
    status = in_parts[request.index](device, request.spec, execution);
  if (!status.ok()) take_back(request.arrays);
  return status;
}

}  // namespace flynn
