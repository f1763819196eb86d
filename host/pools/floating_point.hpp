#pragma once
#include <cstdint>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace flynn {

/// Sets the caller's rounding mode, flush-to-zero and unmasked exceptions aside while it lives: results must not depend
/// on them, and they must be as before afterwards. A few nanoseconds when there is nothing to change.
class FloatingPointGuard {
 public:
  FloatingPointGuard() : saved_(read()) {
    if (saved_ != standard) write(standard);
  }
  ~FloatingPointGuard() {
    // The sticky flags too: a computation of ours must not look like one of the caller's.
    if (read() != saved_) write(saved_);
  }
  FloatingPointGuard(const FloatingPointGuard&) = delete;
  FloatingPointGuard& operator=(const FloatingPointGuard&) = delete;

 private:
#if defined(__x86_64__)
  using Control = unsigned;
  static constexpr Control standard = 0x1f80;  // nearest, subnormals kept, exceptions masked, no flag
  static Control read() { return _mm_getcsr(); }
  static void write(Control value) { _mm_setcsr(value); }
#elif defined(__aarch64__)
  using Control = std::uint64_t;
  static constexpr Control standard = 0;
  static Control read() {
    Control value;
    asm volatile("mrs %0, fpcr" : "=r"(value));
    return value;
  }
  static void write(Control value) { asm volatile("msr fpcr, %0" : : "r"(value)); }
#endif
  Control saved_;
};

}  // namespace flynn
