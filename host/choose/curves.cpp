#include <algorithm>
#include <array>
#include <limits>
#include <string>

#include <flynn/execution.hpp>
#include <host/choose/curves.hpp>

namespace flynn {
namespace {

using Point = Calibration::Point;

double median(std::vector<double> values) {
  const auto middle = values.begin() + std::ptrdiff_t(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

std::vector<double> seconds_of(std::span<const Timing> samples) {
  std::vector<double> all;
  for (const Timing& t : samples) all.push_back(t.seconds);
  return all;
}

/// What is asked of a spec by its index.
struct Shape {
  double (*work)(std::size_t n);
  double (*bytes)(std::size_t n);
};

template <Spec W>
constexpr Shape shape_of() {
  return {[](std::size_t n) { return work_of(W::rate, W::shape(n).cost()); },
          [](std::size_t n) {
            double sum = 0;
            W w = W::shape(n);
            w.each_buffer([&](auto& view) {
              sum += double(view.footprint()) * sizeof(typename std::remove_reference_t<decltype(view)>::element);
            });
            return sum;
          }};
}

template <class... W>
constexpr auto shapes_of(SpecList<W...>) {
  return std::array{shape_of<W>()...};
}
constexpr auto shapes = shapes_of(AllSpecs{});

/// A curve that is being measured.
struct Course {
  const Entry* entry;
  std::vector<std::vector<Timing>> samples = {};  ///< of each size that it got to
  bool is_over = false;                           ///< larger sizes take too long, or cannot be run

  /// The call of that size, as far as it is known; what else is at work only makes it longer.
  double shortest(std::size_t size) const {
    double seconds = std::numeric_limits<double>::infinity();
    if (size < samples.size())
      for (const Timing& t : samples[size]) seconds = std::min(seconds, t.seconds);
    return seconds;
  }
};

void take_sample(Course& course, Stopwatch& stopwatch, std::size_t size, std::size_t n) {
  if (const auto timing = stopwatch.sample(*course.entry, n))
    course.samples[size].push_back(*timing);
  else
    course.samples.resize(size), course.is_over = true;
}

/// The first one of that size, which is dropped, and one that counts. Before a size ends a curve it gets two
/// more, since two of five may be disturbed.
void begin_size(Course& course, Stopwatch& stopwatch, std::size_t size, std::size_t n, double most_seconds) {
  if (course.is_over) return;
  course.samples.emplace_back();
  const auto first = stopwatch.sample(*course.entry, n);
  for (int i = 0; i < 3 && !course.is_over && (i == 0 || course.shortest(size) > most_seconds); ++i)
    take_sample(course, stopwatch, size, n);
  course.is_over |= !first || course.shortest(size) > most_seconds;
}

Calibration::Curve curve_of(const Course& course, std::size_t spec, std::span<const std::size_t> sizes) {
  const SpecInfo& info = AllSpecs::infos[spec];
  Calibration::Curve curve{std::string(info.workload), std::string(info.type), std::string(course.entry->name), {}};
  double smallest = std::numeric_limits<double>::infinity();
  for (std::size_t i = 0; i < course.samples.size(); ++i) {
    curve.points.push_back(summarize(course.samples[i], work_at(spec, sizes[i]), smallest));
    if (i == 0) smallest = curve.points[0].seconds() - curve.points[0].transfer;
  }
  return curve;
}

}  // namespace

double work_at(std::size_t spec, std::size_t n) { return shapes[spec].work(n); }
double bytes_at(std::size_t spec, std::size_t n) { return shapes[spec].bytes(n); }

Point summarize(std::span<const Timing> samples, double work, double smallest_call) {
  const double middle = median(seconds_of(samples));
  std::vector<Timing> good;
  for (const Timing& t : samples)
    if (t.seconds <= 2 * middle && 2 * t.seconds >= middle) good.push_back(t);
  const double seconds = median(seconds_of(good));
  double transfer = 0;
  for (const Timing& t : good) transfer += t.transfer / double(good.size());
  // A rate that is known from a tenth of the call, or more, says something; and it must not be infinite.
  transfer = std::min(transfer, 0.9 * seconds);
  const double overhead = std::min(smallest_call, 0.9 * (seconds - transfer));
  return {.work = work,
          .overhead = overhead,
          .transfer = transfer,
          .rate = work / (seconds - transfer - overhead),
          .outliers = samples.size() - good.size()};
}

std::vector<std::size_t> sizes_of(std::size_t spec, double most_bytes) {
  std::vector<std::size_t> sizes = {1};
  for (;;) {
    const double wanted = 2 * work_at(spec, sizes.back());
    std::size_t low = sizes.back() + 1, high = 2 * sizes.back();
    while (low < high) {  // the least n that has so much work
      const std::size_t n = low + (high - low) / 2;
      (work_at(spec, n) >= wanted ? high : low) = work_at(spec, n) >= wanted ? n : n + 1;
    }
    if (bytes_at(spec, low) > most_bytes) return sizes;
    sizes.push_back(low);
  }
}

std::vector<Calibration::Curve> measure_curves(std::size_t spec, std::span<const std::size_t> sizes,
                                               std::span<const Entry* const> entries, Stopwatch& stopwatch,
                                               const Effort& effort, double share) {
  std::vector<Course> courses;
  for (const Entry* entry : entries)
    if (stopwatch.first(*entry)) courses.push_back({entry});
  // The fastest of one core is here beyond what waking others costs.
  constexpr double telling_seconds = 50e-6;
  const std::int64_t begin = monotonic_ns();
  auto is_late = [&] { return double(monotonic_ns() - begin) * 1e-9 > share; };
  double shortest = 0;
  for (std::size_t size = 0; size < sizes.size() && !std::ranges::all_of(courses, &Course::is_over); ++size) {
    if (is_late()) {
      if (shortest < telling_seconds) return {};
      break;
    }
    for (Course& course : courses) begin_size(course, stopwatch, size, sizes[size], effort.call_seconds);
    shortest = std::numeric_limits<double>::infinity();
    for (const Course& course : courses) shortest = std::min(shortest, course.shortest(size));
  }
  // What disturbs a machine lasts for milliseconds: the samples of a size must lie further apart than that.
  for (std::size_t pass = 1; pass < effort.samples; ++pass)
    for (std::size_t size = 0; size < sizes.size() && !is_late(); ++size)
      for (Course& course : courses)
        if (size < course.samples.size() && course.samples[size].size() <= pass)
          take_sample(course, stopwatch, size, sizes[size]);
  std::vector<Calibration::Curve> curves;
  for (const Course& course : courses)
    if (!course.samples.empty()) curves.push_back(curve_of(course, spec, sizes));
  return curves;
}

}  // namespace flynn
