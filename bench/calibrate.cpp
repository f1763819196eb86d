#include <fmt/format.h>

#include <cstdio>
#include <thread>

#include <bench/clock.hpp>
#include <bench/commands.hpp>
#include <bench/format.hpp>
#include <bench/interrupt.hpp>
#include <bench/progress.hpp>

namespace flynn::bench {
namespace {

std::size_t outliers_of(const Calibration& calibration) {
  std::size_t sum = 0;
  for (const Calibration::Curve& curve : calibration.curves)
    for (const Calibration::Point& point : curve.points) sum += point.outliers;
  return sum;
}

std::size_t points_of(const Calibration& calibration) {
  std::size_t sum = 0;
  for (const Calibration::Curve& curve : calibration.curves) sum += curve.points.size();
  return sum;
}

}  // namespace

Exit calibrate(const Settings& settings) {
  catch_signals();
  const double begin = now();
  Context context({.threads = settings.threads, .interrupt = [] { return stop_requested() != Stop::none; }});
  Progress progress(settings.progress);
  const auto show = [&](double done, std::string_view what) { progress.show(done, std::string(what)); };
  try {
    const Calibration calibration = flynn::calibrate({.quick = settings.quick, .context = &context, .progress = show});
    progress.clear();
    fmt::print("{} threads, {}: {} curves of {} sizes in all, {} samples left out as outliers, {}\n",
               calibration.threads, calibration.architecture, calibration.curves.size(), points_of(calibration),
               outliers_of(calibration), time_text(now() - begin));
    fmt::print("{}\n", Context({.threads = settings.threads}).calibration().path);
    return exit_ok;
  } catch (const Error& error) {
    progress.clear();
    if (error.code() == Code::cancelled) return exit_of(stop_requested());
    throw;
  }
}

}  // namespace flynn::bench
