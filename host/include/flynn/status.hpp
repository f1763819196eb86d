#pragma once
// Status inside the library, Error and Result at its edge. Everything here is inline: a module that is opened at run
// time needs no symbol of the program that opened it.

#if __cplusplus < 202002L
#error "flynn needs C++20: compile with -std=c++20 or newer"
#endif

#include <cstdarg>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <type_traits>

/// What the shared library offers; everything else in it is hidden.
#define FLYNN_API [[gnu::visibility("default")]]

/// For small functions that kernels of several instruction sets share: an ordinary inline function would be one weak
/// symbol for all of them, and the linker may keep the copy that was compiled for the newest CPU.
#define FLYNN_ALWAYS_INLINE [[gnu::always_inline]] inline

namespace flynn {

enum class Code : std::uint32_t {
  ok,
  invalid_argument,    ///< the caller's mistake, found before any work
  unsupported,         ///< this backend does not have this workload for this type
  unavailable,         ///< this backend or device is not here; the text says why, the hint what cures it
  out_of_memory,       ///< host or device memory
  device_failed,       ///< a driver reported an error
  cancelled,           ///< the stop token or the interrupt hook asked to stop
  deadline_exceeded,   ///< the deadline passed
  internal,            ///< a defect of flynn
  resource_exhausted,  ///< no more file descriptors or processes
  worker_died,         ///< a process that worked for this call crashed, was killed or stopped
  disagreement,        ///< backends that did the same work have different results
};

/// The name of a code as users read it, for example "invalid argument".
constexpr std::string_view name_of(Code code) {
  constexpr std::string_view names[] = {
      "ok",        "invalid argument",  "unsupported",    "unavailable",        "out of memory", "device failed",
      "cancelled", "deadline exceeded", "internal error", "resource exhausted", "worker died",   "disagreement"};
  return names[static_cast<std::uint32_t>(code)];
}

/// Where the words of a failure are put. The host owns it, kernels and modules write it.
struct Text {
  char message[512];
  char hint[256];
  Text() { message[0] = hint[0] = '\0'; }
};

/// What a kernel returns: a code; its words are in the Text of the call.
struct [[nodiscard]] Status {
  Code code = Code::ok;
  FLYNN_ALWAYS_INLINE constexpr bool ok() const { return code == Code::ok; }
};

/// Writes what went wrong into `text` and returns the code as a Status.
[[gnu::format(printf, 3, 4)]] inline Status fail(Text& text, Code code, const char* format, ...) {
  std::va_list arguments;
  va_start(arguments, format);
  std::vsnprintf(text.message, sizeof text.message, format, arguments);
  va_end(arguments);
  return {code};
}

/// Adds what the user can do about it.
[[gnu::format(printf, 2, 3)]] inline void hint(Text& text, const char* format, ...) {
  std::va_list arguments;
  va_start(arguments, format);
  std::vsnprintf(text.hint, sizeof text.hint, format, arguments);
  va_end(arguments);
}

/// What the plain functions throw and what the `try_` twins return.
class FLYNN_API Error : public std::exception {
 public:
  Error(Code code, std::string text, std::string backend = {}, std::string hint = {})
      : code_(code), text_(std::move(text)), backend_(std::move(backend)), hint_(std::move(hint)) {
    what_ = hint_.empty() ? text_ : text_ + "; " + hint_;
  }
  Code code() const noexcept { return code_; }
  const std::string& text() const noexcept { return text_; }
  const std::string& backend() const noexcept { return backend_; }  ///< empty when no backend was reached
  const std::string& hint() const noexcept { return hint_; }        ///< what cures it, if something does
  const char* what() const noexcept override { return what_.c_str(); }

 private:
  Code code_;
  std::string text_, backend_, hint_, what_;
};

/// A value or an Error.
template <class T>
using Result = tl::expected<T, Error>;

}  // namespace flynn
