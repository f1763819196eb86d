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

template <Spec W>
class TrialOf final : public Trial {
 public:
  TrialOf(std::size_t n, std::uint64_t seed) : got_(samples::make<W>(n, memory_, seed)), fresh_(got_), kept_(got_) {
    each_pair(fresh_, got_, [&](auto& to, auto& from) { take_copy(to, from); });
    each_pair(kept_, got_, [&](auto& to, auto& from) {
      if constexpr (access_of<decltype(to)> == Access::read_write) take_copy(to, from);
    });
  }

  Cost cost() const override { return got_.cost(); }

  Result<void> run(std::size_t count, const Options& options) override {
    for (std::size_t i = 0; i < count; ++i)
      if (auto done = try_run(got_, options); !done) return tl::unexpected(std::move(done.error()));
    return {};
  }

  void restore() override {
    restore_inputs(got_);
    got_.each_buffer([&](auto& view) {
      if constexpr (access_of<decltype(view)> == Access::write)
        std::memset(static_cast<void*>(view.data), 0xA5, bytes_of(view));
    });
  }

  Result<Verdict> verify(const Options& options) override {
    restore();
    if (auto done = run(1, options); !done) return tl::unexpected(std::move(done.error()));
    return judge();
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

template <Spec W>
double bytes(std::size_t n) {
  W w = Sample<W>::shape(n);
  // What a call must read and write at least, as a double, knows no overflow; the footprints below do.
  double sum = w.cost().bytes;
  if (sum > 0x1p48) return sum;
  sum = 0;
  w.each_buffer(
      [&](auto& view) { sum += double(bytes_of(view)) * (access_of<decltype(view)> == Access::read_write ? 4 : 3); });
  return sum;
}

template <Spec W>
std::unique_ptr<Trial> prepare(std::size_t n, std::uint64_t seed) {
  const std::size_t available = available_memory();
  if (available > 0 && bytes<W>(n) > double(available)) throw std::bad_alloc();
  return std::make_unique<TrialOf<W>>(n, seed);
}

template <Spec W>
Traffic traffic(std::size_t n) {
  Traffic t;
  W w = Sample<W>::shape(n);
  w.each_buffer([&](auto& view) { t.view_bytes = std::max(t.view_bytes, bytes_of(view)); });
  w.each_buffer([&](auto& view) {
    if (bytes_of(view) * 2 < t.view_bytes) return;  // the result of a reduction
    constexpr Access access = access_of<decltype(view)>;
    ++(access == Access::read ? t.reads : access == Access::write ? t.writes : t.updates);
  });
  return t;
}

template <class... W>
constexpr auto subjects_of(SpecList<W...>) {
  return std::array{Subject{.info = spec_info<W>(),
                            .cost = [](std::size_t n) { return Sample<W>::shape(n).cost(); },
                            .traffic = traffic<W>,
                            .bytes = bytes<W>,
                            .prepare = prepare<W>}...};
}

}  // namespace

std::span<const Subject> subjects() {
  static constexpr auto all = subjects_of(AllSpecs{});
  return all;
}

}  // namespace flynn::bench
