#include <algorithm>
#include <array>
#include <chrono>
#include <cstring>
#include <string>
#include <thread>

#include <flynn/flynn.hpp>
#include <host/choose/chooser.hpp>
#include <host/choose/curves.hpp>
#include <host/choose/store.hpp>
#include <host/detect/memory.hpp>
#include <host/pools/spin.hpp>

namespace flynn {
namespace {

/// What takes less than 3 ms has less than 256 MiB, even at 80 GB/s; and to fill 1 GiB takes half a second.
constexpr Effort quick = {
    .samples = 3, .sample_seconds = 200e-6, .call_seconds = 3e-3, .total_seconds = 55, .most_bytes = 0x1p28};
constexpr Effort thorough = {.samples = 6, .sample_seconds = 200e-6, .call_seconds = 30e-3, .total_seconds = 240};

double since(std::int64_t begin) { return double(monotonic_ns() - begin) * 1e-9; }

/// SplitMix64 (Steele, Lea, Flood: "Fast splittable pseudorandom number generators", OOPSLA 2014).
std::uint64_t random_bits(std::uint64_t i) {
  std::uint64_t z = (i + 1) * 0x9e3779b97f4a7c15u;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

/// Floats in [-1, 1), integers in [20000, 1e8]: what factorize is measured with everywhere, and nothing else depends on
/// its values.
template <class T>
T value_at(std::size_t i) {
  const std::uint64_t bits = random_bits(i);
  if constexpr (std::is_integral_v<T>)
    return T(20'000 + bits % 99'980'001);
  else
    return T(double(bits >> 11) * 0x1p-52 - 1);
}

/// A spec with memory for its largest size.
class Material {
 public:
  virtual ~Material() = default;
  virtual Context::Request request(std::size_t n) = 0;
};

template <Spec W>
class MaterialOf final : public Material {
 public:
  explicit MaterialOf(std::size_t most) : w_(W::shape(most)) {
    w_.each_buffer([&](auto& view) {
      using View = std::remove_reference_t<decltype(view)>;
      using T = typename View::element;
      const auto values = buffers_.emplace_back(view.footprint() * sizeof(T)).template as<T>();
      if constexpr (View::access == Access::write)
        std::memset(static_cast<void*>(values.data()), 0, values.size_bytes());
      else
        for (std::size_t i = 0; i < values.size(); ++i) values[i] = value_at<T>(i);
    });
  }
  Context::Request request(std::size_t n) override {
    w_ = W::shape(n);
    std::size_t i = 0;
    w_.each_buffer([&](auto& view) { view.data = static_cast<decltype(view.data)>(buffers_[i++].data()); });
    return {spec_index<W>(), &w_, w_.cost()};
  }

 private:
  std::vector<Buffer> buffers_;
  W w_;
};

template <class... W>
constexpr auto makers_of(SpecList<W...>) {
  using Maker = std::unique_ptr<Material> (*)(std::size_t);
  return std::array<Maker, sizeof...(W)>{
      [](std::size_t n) -> std::unique_ptr<Material> { return std::make_unique<MaterialOf<W>>(n); }...};
}
constexpr auto makers = makers_of(AllSpecs{});

/// The clock of this machine.
class RealStopwatch final : public Stopwatch {
 public:
  RealStopwatch(Material& material, Context& context, const CalibrationSettings& settings, double sample_seconds)
      : material_(material), context_(context), stop_(settings.stop), sample_seconds_(sample_seconds) {}

  std::optional<Timing> first(const Entry& entry) override { return time(entry, 1, 1); }
  /// The threads of the backend before sleep by then. One call wakes its own, and some more say how long a call is.
  /// Then so many as are a sample: a thread with nothing in its cache is late, others take its parts, and it comes only
  /// call by call to have what it will work on.
  std::optional<Timing> sample(const Entry& entry, std::size_t n) override {
    std::this_thread::sleep_for(std::chrono::nanoseconds(2 * spin_ns));
    auto last = time(entry, n, 1);
    for (const double seconds : {sample_seconds_ / 4, sample_seconds_, sample_seconds_}) {
      if (!last || last->seconds > 10 * sample_seconds_) break;
      last = time(entry, n, calls_in(seconds, *last));
    }
    return last;
  }

 private:
  static std::size_t calls_in(double seconds, const Timing& one) {
    return std::size_t(std::clamp(seconds / one.seconds, 1.0, 1e4));
  }
  std::optional<Timing> time(const Entry& entry, std::size_t n, std::size_t count) {
    const Context::Request request = material_.request(n);
    Report report;
    Options options{.backend = entry.name, .stop = stop_, .context = &context_};
    if (!entry.runs_on_host) options.report = &report;  // for its clock of transfers
    Text text;
    std::string_view used;
    Timing timing{0, 0};
    const std::int64_t begin = monotonic_ns();
    for (std::size_t i = 0; i < count; ++i) {
      if (const Status s = context_.execute(request, options, text, used); s.code == Code::cancelled)
        throw Error(Code::cancelled, "the calibration was stopped; nothing was stored");
      else if (!s.ok())
        return {};
      timing.transfer += report.clocks.transfer_seconds;
    }
    const double calls = double(count);
    return Timing{since(begin) / calls, timing.transfer / calls};
  }

  Material& material_;
  Context& context_;
  std::stop_token stop_;
  double sample_seconds_;
};

std::vector<const Entry*> entries_here(Calibration& calibration) {
  std::vector<const Entry*> entries;
  for (const Entry& entry : registry()) {
    const OpenBackend& open = open_backend(entry);
    if (!open.status.ok()) continue;
    entries.push_back(&entry);
    if (!entry.runs_on_host) calibration.identities.push_back({std::string(entry.name), identity_of(open)});
  }
  return entries;
}

/// As much as there is room for.
double most_bytes(const Effort& effort) { return std::min(effort.most_bytes, double(detect::available_memory()) / 2); }

}  // namespace

Calibration calibrate(const CalibrationSettings& settings) {
  Context& context = settings.context ? *settings.context : Context::standard();
  const Effort& effort = settings.quick ? quick : thorough;
  Calibration calibration = key_of_this_machine(context.threads());
  const std::int64_t begin = monotonic_ns();
  const std::vector<const Entry*> entries = entries_here(calibration);
  std::vector<Survey> surveys;
  for (std::size_t spec = 0; spec < AllSpecs::size; ++spec) surveys.emplace_back(spec, most_bytes(effort), entries);
  double done = 0;
  for (const double end : {0.7, 1.0}) {  // of two rounds; the second one is of few backends
    for (std::size_t spec = 0; spec < AllSpecs::size; ++spec) {
      const double left = double(AllSpecs::size - spec), share = (end * effort.total_seconds - since(begin)) / left;
      if (share <= 0) break;  // the prior decides for the others
      if (settings.progress) settings.progress(done, full_name_of(spec));
      done += (end - done) / left;
      const std::unique_ptr<Material> material = makers[spec](surveys[spec].largest());
      RealStopwatch stopwatch(*material, context, settings, effort.sample_seconds);
      surveys[spec].measure(stopwatch, effort, share);
    }
  }
  for (const Survey& survey : surveys) std::ranges::move(survey.curves(), std::back_inserter(calibration.curves));
  store_calibration(calibration);
  return calibration;
}

}  // namespace flynn
