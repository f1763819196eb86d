#pragma once
#include <cstdarg>
#include <cstdio>
#include <exception>

#include <flynn/status.hpp>

namespace flynn::kernels {

/// Stays inside the module: its edge makes a Status of it.
class Failure : public std::exception {
 public:
  [[gnu::format(printf, 3, 4)]] Failure(Code code, const char* format, ...) : code_(code) {
    std::va_list arguments;
    va_start(arguments, format);
    std::vsnprintf(text_, sizeof text_, format, arguments);
    va_end(arguments);
  }
  /// Says that the device works for this process no more.
  Failure& lose_device() {
    loses_device_ = true;
    return *this;
  }
  bool loses_device() const { return loses_device_; }
  Code code() const { return code_; }
  const char* what() const noexcept override { return text_; }

 private:
  Code code_;
  bool loses_device_ = false;
  char text_[sizeof Text::message];
};

}  // namespace flynn::kernels
