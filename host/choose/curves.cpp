#include <algorithm>
#include <array>
#include <limits>
#include <string>

#include <flynn/execution.hpp>
#include <host/choose/curves.hpp>

namespace flynn {
namespace {

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

/// Whether so many seconds are over.
auto is_after(double seconds) {
  return [end = monotonic_ns() + std::int64_t(seconds * 1e9)] { return monotonic_ns() > end; };
}

}  // namespace

double work_at(std::size_t spec, std::size_t n) { return shapes[spec].work(n); }
double bytes_at(std::size_t spec, std::size_t n) { return shapes[spec].bytes(n); }

Survey::Survey(std::size_t spec, double most_bytes, std::span<const Entry* const> entries)
    : spec_(spec), sizes_(sizes_of(spec, most_bytes)), entries_(entries) {}

/// The call of that size, as far as it is known; what else is at work only makes it longer.
double Survey::Course::shortest(std::size_t size) const {
  double seconds = size < points.size() ? points[size].shortest : std::numeric_limits<double>::infinity();
  if (size < samples.size())
    for (const Timing& t : samples[size]) seconds = std::min(seconds, t.seconds);
  return seconds;
}

/// The median without the outliers: those of more than twice the median of all, or less than half.
Survey::Point Survey::summarize(std::span<const Timing> samples) {
  const std::vector<double> all = seconds_of(samples);
  const double middle = median(all);
  std::vector<Timing> good;
  for (const Timing& t : samples)
    if (t.seconds <= 2 * middle && 2 * t.seconds >= middle) good.push_back(t);
  Point point{.timing = {.seconds = median(seconds_of(good)), .transfer = 0},
              .shortest = std::ranges::min(all),
              .outliers = samples.size() - good.size()};
  for (const Timing& t : good) point.timing.transfer += t.transfer / double(good.size());
  return point;
}

void Survey::Course::take_sample(Stopwatch& stopwatch, std::size_t size, std::size_t n) {
  if (const auto timing = stopwatch.sample(*entry, n)) {
    samples[size].push_back(*timing);
    return;
  }
  samples.resize(size);
  points.resize(std::min(size, points.size()));
  is_over = true;
}

/// The first one of that size, which is dropped, and one that counts. Before a size ends a curve it gets two
/// more, since two of three may be disturbed.
void Survey::Course::begin_size(Stopwatch& stopwatch, std::size_t size, std::size_t n, double most_seconds) {
  samples.emplace_back();
  const auto first = stopwatch.sample(*entry, n);
  for (int i = 0; i < 3 && !is_over && (i == 0 || shortest(size) > most_seconds); ++i) take_sample(stopwatch, size, n);
  is_over |= !first || shortest(size) > most_seconds;
}

void Survey::measure(Stopwatch& stopwatch, const Effort& effort, double share) {
  courses_.empty() ? measure_all(stopwatch, effort, share) : measure_again(stopwatch, effort, share);
  end_round();
}

void Survey::measure_all(Stopwatch& stopwatch, const Effort& effort, double share) {
  for (const Entry* entry : entries_)
    if (stopwatch.first(*entry)) courses_.push_back({entry});
  // The fastest of one core is here beyond what waking others costs.
  constexpr double telling_seconds = 50e-6;
  const auto is_late = is_after(share);
  double shortest = 0;
  for (std::size_t size = 0; size < sizes_.size() && !std::ranges::all_of(courses_, &Course::is_over); ++size) {
    if (is_late()) {
      if (shortest < telling_seconds) courses_.clear();
      break;
    }
    for (Course& course : courses_)
      if (!course.is_over) course.begin_size(stopwatch, size, sizes_[size], effort.call_seconds);
    shortest = std::numeric_limits<double>::infinity();
    for (const Course& course : courses_) shortest = std::min(shortest, course.shortest(size));
  }
  // What disturbs a machine lasts for milliseconds: the samples of a size must lie further apart than that.
  for (std::size_t pass = 1; pass < effort.samples; ++pass)
    for (std::size_t size = 0; size < sizes_.size() && !is_late(); ++size)
      for (Course& course : courses_)
        if (size < course.samples.size() && course.samples[size].size() <= pass)
          course.take_sample(stopwatch, size, sizes_[size]);
}

void Survey::measure_again(Stopwatch& stopwatch, const Effort& effort, double share) {
  const auto is_late = is_after(share);
  for (Course& course : courses_) course.samples.resize(course.points.size());
  for (std::size_t pass = 0; pass < effort.samples; ++pass)
    for (std::size_t size = 0; size < sizes_.size() && !is_late(); ++size)
      for (Course& course : courses_)
        if (size < course.samples.size() && may_be_fastest(course, size))
          course.take_sample(stopwatch, size, sizes_[size]);
}

/// Judged by its shortest call: a median may be all disturbance.
bool Survey::may_be_fastest(const Course& course, std::size_t size) const {
  constexpr double hopeless = 3;
  double least = std::numeric_limits<double>::infinity();
  for (const Course& other : courses_) least = std::min(least, other.shortest(size));
  return course.shortest(size) <= hopeless * least;
}

void Survey::end_round() {
  for (Course& course : courses_) {
    for (std::size_t size = 0; size < course.samples.size(); ++size) {
      if (course.samples[size].empty()) continue;
      const Point point = summarize(course.samples[size]);
      if (size == course.points.size()) {
        course.points.push_back(point);
        continue;
      }
      Point& known = course.points[size];
      if (point.timing.seconds < known.timing.seconds) known.timing = point.timing;
      known.shortest = std::min(known.shortest, point.shortest);
      known.outliers += point.outliers;
    }
    course.samples.clear();
  }
}

Calibration::Curve Survey::curve_of(const Course& course) const {
  const SpecInfo& info = AllSpecs::infos[spec_];
  Calibration::Curve curve{std::string(info.workload), std::string(info.type), std::string(course.entry->name), {}};
  const Point& smallest = course.points.front();
  for (std::size_t i = 0; i < course.points.size(); ++i) {
    const auto& [seconds, transferring] = course.points[i].timing;
    // A rate that is known from a tenth of the call, or more, says something; and it must not be infinite.
    const double transfer = std::min(transferring, 0.9 * seconds);
    const double overhead = std::clamp(smallest.shortest - smallest.timing.transfer, 0.0, 0.9 * (seconds - transfer));
    const double work = work_at(spec_, sizes_[i]);
    curve.points.push_back({.work = work,
                            .overhead = overhead,
                            .transfer = transfer,
                            .rate = work / (seconds - transfer - overhead),
                            .outliers = course.points[i].outliers});
  }
  return curve;
}

std::vector<Calibration::Curve> Survey::curves() const {
  std::vector<Calibration::Curve> curves;
  for (const Course& course : courses_)
    if (!course.points.empty()) curves.push_back(curve_of(course));
  return curves;
}

std::size_t Survey::largest() const {
  std::size_t count = 0;
  for (const Course& course : courses_) count = std::max(count, course.points.size());
  return count == 0 ? sizes_.back() : sizes_[count - 1];
}

}  // namespace flynn
