#pragma once
#include <functional>

#include <flynn/status.hpp>

/// What a call fails with.
inline flynn::Code code_of(const std::function<void()>& call) {
  try {
    call();
  } catch (const flynn::Error& error) {
    return error.code();
  }
  return flynn::Code::ok;
}
