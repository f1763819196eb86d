#include <algorithm>
#include <array>
#include <cstring>

#include <bench/host_info.hpp>
#include <bench/trial.hpp>
#include <tests/samples/all.hpp>

namespace flynn::bench {
namespace {

using samples::Sample;

/// Calls f(view of a, view of b) for each pair of views.
template <Spec W>
void each_pair(W& a, W& b, auto&& f) {
  void* others[16];
  std::size_t count = 0, at = 0;
  b.each_buffer([&](auto& view) { others[count++] = &view; });
  a.each_buffer([&](auto& view) { f(view, *static_cast<std::remove_reference_t<decltype(view)>*>(others[at++])); });
}

template <class V>
constexpr Access access_of = std::remove_reference_t<V>::access;

template <class V>
std::size_t bytes_of(const V& view) {
  return view.footprint() * sizeof(typename V::element);
}

void copy_view(auto& to, const auto& from) {
  std::memcpy(const_cast<std::remove_cv_t<typename std::remove_reference_t<decltype(to)>::element>*>(to.data),
              from.data, bytes_of(from));
}

/// The memory of every view.
template <Spec W>
std::vector<Operand> operands_of(W& w) {
  std::vector<Operand> all;
  w.each_buffer([&](auto& view) {
    using T = typename std::remove_reference_t<decltype(view)>::element;
    all.push_back({const_cast<T*>(view.data), bytes_of(view), access_of<decltype(view)>});
  });
  return all;
}

template <Spec W>
class WorkOf final : public Work {
 public:
  WorkOf(std::size_t n, std::string_view params) : w_(samples::shape<W>(n, params)) {
    w_.each_buffer([&](auto& view) { view.data = static_cast<decltype(view.data)>(memory_.take(bytes_of(view), 64)); });
  }
  void* spec() override { return &w_; }
  std::vector<Operand> operands() override { return operands_of(w_); }

 private:
  samples::Buffers memory_;
  W w_;
};

template <Spec W>
class TrialOf final : public Trial {
 public:
  TrialOf(std::size_t n, std::uint64_t seed, std::string_view params)
      : got_(samples::make<W>(n, memory_, seed, samples::Values::zero_mean, params)), fresh_(got_), kept_(got_) {
    each_pair(fresh_, got_, [&](auto& to, auto& from) { take_copy(to, from); });
    each_pair(kept_, got_, [&](auto& to, auto& from) {
      if constexpr (access_of<decltype(to)> == Access::read_write) take_copy(to, from);
    });
  }

  void* spec() override { return &got_; }
  std::vector<Operand> operands() override { return operands_of(got_); }
  Cost cost() const override { return got_.cost(); }

  Result<void> run(std::size_t count, const Options& options) override {
    for (std::size_t i = 0; i < count; ++i)
      if (auto done = try_run(got_, options); !done) return tl::unexpected(std::move(done.error()));
    return {};
  }

  void restore() override {
    restore_inputs(got_);
    for (const Operand& o : operands())
      if (o.access == Access::write) std::memset(o.data, 0xA5, o.bytes);
  }

  Result<Verdict> verify(const Options& options) override {
    restore();
    if (auto done = run(1, options); !done) return tl::unexpected(std::move(done.error()));
    return judge();
  }

  Verdict judge_peer() override {
    restore_inputs(fresh_);
    if constexpr (requires { Sample<W>::judge_peer(got_, fresh_); })
      return Sample<W>::judge_peer(got_, fresh_);
    else
      return Sample<W>::judge(got_, fresh_);
  }

  Verdict verify_planted_error() override {
    Sample<W>::plant(got_);
    return judge();
  }

 private:
  void take_copy(auto& to, const auto& from) {
    to.data = static_cast<decltype(to.data)>(memory_.take(bytes_of(from), 64));
    copy_view(to, from);
  }
  void restore_inputs(W& w) {
    each_pair(w, kept_, [](auto& to, auto& from) {
      if constexpr (access_of<decltype(to)> == Access::read_write) copy_view(to, from);
    });
  }
  Verdict judge() {
    restore_inputs(fresh_);  // the last judgement may have run it
    return Sample<W>::judge(got_, fresh_);
  }

  samples::Buffers memory_;
  W got_, fresh_, kept_;  ///< what is run, what it is judged against, the first values of what a run changes
};

/// Memory of a call, `copies` times, and once more for what it changes.
template <Spec W>
double bytes(W w, double copies) {
  // What a call must read and write at least, as a double, knows no overflow; the footprints below do.
  double sum = w.cost().bytes;
  if (sum > 0x1p48) return sum;
  sum = 0;
  w.each_buffer([&](auto& view) {
    sum += double(bytes_of(view)) * (copies + (access_of<decltype(view)> == Access::read_write));
  });
  return sum;
}

void check_memory(double bytes) {
  const std::size_t available = available_memory();
  if (available > 0 && bytes > double(available)) throw std::bad_alloc();
}

template <Spec W>
Traffic traffic(W w) {
  Traffic t;
  w.each_buffer([&](auto& view) { t.view_bytes = std::max(t.view_bytes, bytes_of(view)); });
  w.each_buffer([&](auto& view) {
    if (bytes_of(view) * 2 < t.view_bytes) return;  // the result of a reduction
    constexpr Access access = access_of<decltype(view)>;
    ++(access == Access::read ? t.reads : access == Access::write ? t.writes : t.updates);
  });
  return t;
}

/// Kind `kind` of the inputs of W.
template <Spec W, std::size_t kind>
struct SubjectOf {
  static constexpr std::string_view params = samples::params_of<W>()[kind];
  static W shape(std::size_t n) { return samples::shape<W>(n, params); }

  static constexpr Subject subject = {.info = spec_info<W>(),
                                      .params = params,
                                      .cost = [](std::size_t n) { return shape(n).cost(); },
                                      .traffic = [](std::size_t n) { return traffic(shape(n)); },
                                      .bytes = [](std::size_t n) { return bytes(shape(n), 3); },
                                      .prepare = [](std::size_t n, std::uint64_t seed) -> std::unique_ptr<Trial> {
                                        check_memory(bytes(shape(n), 3));
                                        return std::make_unique<TrialOf<W>>(n, seed, params);
                                      },
                                      .allocate = [](std::size_t n) -> std::unique_ptr<Work> {
                                        check_memory(bytes(shape(n), 1));
                                        return std::make_unique<WorkOf<W>>(n, params);
                                      }};
};

template <class... W>
constexpr auto subjects_of(SpecList<W...>) {
  std::array<Subject, (samples::params_of<W>().size() + ...)> all{};
  std::size_t count = 0;
  auto add = [&]<Spec S, std::size_t... kinds>(std::index_sequence<kinds...>) {
    ((all[count++] = SubjectOf<S, kinds>::subject), ...);
  };
  (add.template operator()<W>(std::make_index_sequence<samples::params_of<W>().size()>()), ...);
  return all;
}

}  // namespace

std::span<const Subject> subjects() {
  static constexpr auto all = subjects_of(AllSpecs{});
  return all;
}

}  // namespace flynn::bench
