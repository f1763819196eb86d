#pragma once
#include <time.h>

#include <cerrno>
#include <new>
#include <system_error>

namespace flynn {

/// Calls it again, every millisecond for five seconds, while there is no memory for it: for the library's own threads,
/// which must go on and have nobody to tell. A call that throws must have changed nothing.
template <class Call>
auto insist(const Call& call) {
  constexpr int most = 5000;
  for (int attempt = 0;; ++attempt) {
    try {
      return call();
    } catch (const std::bad_alloc&) {
      if (attempt == most) throw;
    }
    constexpr timespec millisecond = {0, 1'000'000};
    nanosleep(&millisecond, nullptr);
  }
}

/// The error of errno that it gives back, or for which what it throws stands.
template <class Call>
int error_of(const Call& call) {
  try {
    return call();
  } catch (const std::system_error& error) {
    return error.code().value();
  } catch (const std::bad_alloc&) {
    return ENOMEM;
  }
}

}  // namespace flynn
