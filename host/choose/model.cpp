#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include <host/choose/decide.hpp>
#include <host/choose/model.hpp>

namespace flynn {
namespace {

using Point = Calibration::Point;

std::size_t spec_of(const Calibration::Curve& curve) {
  std::size_t i = 0;
  while (i < AllSpecs::size &&
         !(AllSpecs::infos[i].workload == curve.workload && AllSpecs::infos[i].type == curve.type))
    ++i;
  return i;
}

/// Between two points a line; before the first and after the last what that one says.
Point between(const std::vector<Point>& points, double work) {
  const auto right = std::ranges::upper_bound(points, work, {}, &Point::work);
  if (right == points.begin()) return points.front();
  const Point& left = right[-1];
  const double scale = left.work > 0 ? work / left.work : 1;
  if (right == points.end())
    return {.work = work, .overhead = left.overhead, .transfer = left.transfer * scale, .rate = left.rate};
  const double f = (work - left.work) / (right->work - left.work);
  const double transfer = std::lerp(left.transfer, right->transfer, f);
  const double rest = std::lerp(left.seconds(), right->seconds(), f) - transfer;
  return {.work = work, .overhead = rest, .transfer = transfer, .rate = std::numeric_limits<double>::infinity()};
}

}  // namespace

Model::Model(const Calibration& calibration)
    : threads_(calibration.threads), rows_(AllSpecs::size * (buckets + 1)), usual_(AllSpecs::size * steps) {
  for (Row& row : rows_) {
    row.seconds.fill(std::numeric_limits<float>::infinity());
    row.transfers.fill(0);
  }
  for (const Calibration::Curve& curve : calibration.curves) {
    const Entry* const entry = find_entry(curve.backend);
    const std::size_t spec = spec_of(curve);
    if (entry && spec < AllSpecs::size && !curve.points.empty()) fill(spec, index_of(*entry), curve);
  }
  for (auto& usual : usual_) usual.store(unknown, std::memory_order_relaxed);
}

void Model::fill(std::size_t spec, std::size_t backend, const Calibration::Curve& curve) {
  measured_ |= BackendMask{1} << backend;
  for (std::size_t b = 0; b <= buckets; ++b) {
    const Point point = between(curve.points, std::ldexp(1.0, int(b)));
    Row& row = rows_[spec * (buckets + 1) + b];
    row.seconds[backend] = float(point.seconds());
    row.transfers[backend] = float(point.transfer);
  }
}

Model::Place Model::place_of(double work) {
  if (!(work > 1)) return {0, 0};
  const int exponent = std::min(std::ilogb(work), int(buckets) - 1);
  return {std::size_t(exponent), float(std::min(work / double(std::uint64_t{1} << exponent) - 1, 1.0))};
}

double Model::seconds(std::size_t spec, std::size_t backend, double work, bool is_resident) const {
  return seconds_at(&rows_[spec * (buckets + 1)], place_of(work), backend, is_resident);
}

double Model::seconds_at(const Row* rows, const Place& place, std::size_t backend, bool is_resident) const {
  const Row* const row = rows + place.bucket;
  auto at = [&](const Row& r) { return r.seconds[backend] - (is_resident ? r.transfers[backend] : 0); };
  const float left = at(row[0]), right = at(row[1]);
  return std::isinf(left) ? left : left + place.fraction * (right - left);
}

std::size_t Model::step_of(double work) {
  if (!(work > 1)) return 0;
  constexpr int mantissa_bits = 52, bias = 1023;
  const std::uint64_t step =
      (std::bit_cast<std::uint64_t>(work) >> (mantissa_bits - step_bits)) - (std::uint64_t{bias} << step_bits);
  return std::min(std::size_t(step), steps - 1);
}

int Model::fastest(std::size_t spec, double work, BackendMask among, BackendMask resident) const {
  const std::size_t step = step_of(work);
  if ((among & measured_) != measured_ || resident != 0) return search(spec, step, among & measured_, resident);
  std::atomic<std::int8_t>& usual = usual_[spec * steps + step];
  int best = usual.load(std::memory_order_relaxed);
  if (best == unknown) usual.store(std::int8_t(best = search(spec, step, measured_, 0)), std::memory_order_relaxed);
  return best;
}

/// As of the middle of the step.
int Model::search(std::size_t spec, std::size_t step, BackendMask among, BackendMask resident) const {
  // Measured differences of 10 % are noise. Then it is open on which side of the end of a cache a call is: the loop of
  // one core takes twice as long there, and shows it at twice the work.
  // In less than 5 us nobody leaves a cache of L2's size, and calls differ by some 25 ns for no reason: then it is what
  // the prior takes for small ones.
  constexpr double alike = 1.1, cached_seconds = 5e-6, any_seconds = 25e-9;
  const Row* const rows = &rows_[spec * (buckets + 1)];
  constexpr std::size_t per_bucket = std::size_t{1} << step_bits;
  const Place here = {step / per_bucket, (float(step % per_bucket) + 0.5f) / float(per_bucket)},
              twice = {std::min(here.bucket + 1, buckets - 1), here.fraction};
  std::array<double, most_backends> now;
  double least = std::numeric_limits<double>::infinity();
  for (std::size_t i = 0; i < registry().size(); ++i) {
    const bool is_open = among >> i & 1;
    now[i] = is_open ? seconds_at(rows, here, i, resident >> i & 1) : std::numeric_limits<double>::infinity();
    least = std::min(least, now[i]);
  }
  static const std::size_t simd = index_of(*find_entry("simd"));
  if (least < cached_seconds && now[simd] <= alike * least + any_seconds) return int(simd);
  int best = none;
  double later = std::numeric_limits<double>::infinity();
  auto consider = [&](std::size_t i) {
    if (!std::isfinite(least) || !(now[i] <= alike * least)) return;
    const double at_twice = seconds_at(rows, twice, i, resident >> i & 1);
    if (best == none || at_twice < later) best = int(i), later = at_twice;
  };
  consider(simd);
  for (std::size_t i = 0; i < registry().size(); ++i) consider(i);
  return best;
}

}  // namespace flynn
