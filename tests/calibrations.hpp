#pragma once
// Calibrations as tests make them up.

#include <cmath>
#include <string>

#include <host/choose/store.hpp>

namespace flynn {

/// overhead + bytes / rate at every fourth power of two.
inline Calibration::Curve curve(std::string backend, double overhead, double rate, double transfer = 0) {
  Calibration::Curve c{"sum", "f32", std::move(backend), {}};
  for (int b = 2; b <= 32; b += 2) {
    const double work = std::ldexp(1.0, b);
    c.points.push_back({work, overhead, transfer * work, rate});
  }
  return c;
}

/// simd up to about 25 KB, threads beyond.
inline Calibration two_backends(unsigned threads) {
  Calibration c = key_of_this_machine(threads);
  c.curves = {curve("scalar", 100e-9, 4e9), curve("simd", 100e-9, 1e9 * 20), curve("threads", 1e-6, 1e9 * 80)};
  return c;
}

}  // namespace flynn
