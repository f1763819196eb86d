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
  Calibration::Curve curve;
  std::vector<Timing> samples = {};
  bool is_over = false;
};

void take_sample(Course& course, Stopwatch& stopwatch, std::size_t n) {
  if (course.is_over) return;
  const auto timing = stopwatch.sample(*course.entry, n);
  if (timing)
    course.samples.push_back(*timing);
  else
    course.is_over = true;
}

void add_point(Course& course, double work, double most_seconds) {
  if (course.is_over || course.samples.empty()) return;
  auto& points = course.curve.points;
  const double smallest =
      points.empty() ? std::numeric_limits<double>::infinity() : points.front().seconds() - points.front().transfer;
  points.push_back(summarize(course.samples, work, smallest));
  course.samples.clear();
  course.is_over = points.back().seconds() > most_seconds;
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
  const SpecInfo& info = AllSpecs::infos[spec];
  std::vector<Course> courses;
  for (const Entry* entry : entries)
    if (stopwatch.first(*entry))
      courses.push_back({entry, {std::string(info.workload), std::string(info.type), std::string(entry->name), {}}});
  // The fastest of one core is here beyond what waking others costs.
  constexpr double telling_seconds = 50e-6;
  const std::int64_t begin = monotonic_ns();
  double shortest = 0;
  for (const std::size_t n : sizes) {
    if (double(monotonic_ns() - begin) * 1e-9 > share) {
      if (shortest < telling_seconds) return {};
      break;
    }
    for (Course& course : courses)
      if (!course.is_over) (void)stopwatch.sample(*course.entry, n);
    for (std::size_t i = 0; i < effort.samples; ++i)
      for (Course& course : courses) take_sample(course, stopwatch, n);
    for (Course& course : courses) add_point(course, work_at(spec, n), effort.call_seconds);
    shortest = std::numeric_limits<double>::infinity();
    for (const Course& course : courses)
      if (!course.curve.points.empty()) shortest = std::min(shortest, course.curve.points.back().seconds());
    if (std::ranges::all_of(courses, &Course::is_over)) break;
  }
  std::vector<Calibration::Curve> curves;
  for (Course& course : courses)
    if (!course.curve.points.empty()) curves.push_back(std::move(course.curve));
  return curves;
}

}  // namespace flynn
