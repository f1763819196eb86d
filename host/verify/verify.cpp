#include <array>
#include <deque>

#include <flynn/buffer.hpp>
#include <host/memory_range.hpp>
#include <host/verify/agreement.hpp>
#include <host/verify/verify.hpp>

namespace flynn {
namespace {

/// A spec with memory of its own for all that a run changes.
template <Spec W>
class Twin {
 public:
  explicit Twin(const W& w) : spec(w) {
    const auto written = ranges_of(w, [](Access access) { return access != Access::read; });
    spec.each_buffer([&](auto& view) {
      if (overlaps_any(range_of(view), written)) move(view);
    });
  }
  W spec;

 private:
  /// Row by row: what lies between the rows may be somebody else's.
  template <class T, std::size_t Rank, Access A>
  void move(Argument<T, Rank, A>& view) {
    T* const to = memory_.emplace_back(make_buffer<T>(view.footprint())).template as<T>().data();
    if constexpr (A == Access::write) {
      view.data = to;
      return;
    }
    const std::size_t rows = Rank == 2 ? view.extent[0] : 1, row = view.extent[Rank - 1];
    for (std::size_t i = 0; i < rows; ++i) std::copy_n(view.data + i * view.stride[0], row, to + i * view.stride[0]);
    view.data = to;
  }

  std::deque<Buffer> memory_;
};

/// Counts where two runs differ, and keeps the words for the first place.
struct Differences {
  std::size_t count = 0, index = 0;
  std::string a, b;
  void operator()(std::size_t i, auto x, auto y) {
    if (count++ > 0) return;
    index = i, a = text_of(x), b = text_of(y);
  }
};

Status disagreement(const SpecInfo& info, std::string_view a, std::string_view b, const Differences& found,
                    Text& text) {
  auto view = [](std::string_view s) { return std::string(s); };
  hint(text, "run `compute_bench --backend %s,%s --workload %s` to see which is wrong", view(a).c_str(),
       view(b).c_str(), view(info.workload).c_str());
  return fail(text, Code::disagreement, "%s and %s disagree on %s of %s: %s and %s at index %zu, %zu place%s in all",
              view(a).c_str(), view(b).c_str(), view(info.workload).c_str(), view(info.type).c_str(), found.a.c_str(),
              found.b.c_str(), found.index, found.count, found.count == 1 ? "" : "s");
}

template <Spec W>
Status verify_spec(const void* spec, std::span<const Witness> witnesses, Text& text) {
  W first = *static_cast<const W*>(spec);
  first.each_buffer([](auto& view) { view.resident = nullptr; });  // all work on what the host has
  const auto agree = agreement(first);
  std::deque<Twin<W>> twins;
  for (std::size_t i = 1; i < witnesses.size(); ++i) twins.emplace_back(first);
  if (Status s = witnesses[0].run(&first); !s.ok()) return s;
  for (std::size_t i = 1; i < witnesses.size(); ++i) {
    const W& other = twins[i - 1].spec;
    if (Status s = witnesses[i].run(&other); !s.ok()) return s;
    Differences found;
    agree(first, other, found);
    if (found.count > 0) return disagreement(spec_info<W>(), witnesses[0].name, witnesses[i].name, found, text);
  }
  return {};
}

template <class... W>
constexpr auto functions_of(SpecList<W...>) {
  return std::array{&verify_spec<W>...};
}

}  // namespace

Status verify(std::size_t index, const void* spec, std::span<const Witness> witnesses, Text& text) {
  static constexpr auto functions = functions_of(AllSpecs{});
  return functions[index](spec, witnesses, text);
}

}  // namespace flynn
