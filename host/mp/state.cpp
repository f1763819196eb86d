#include <cxxabi.h>

#include <algorithm>
#include <cstdlib>
#include <flynn/execution.hpp>
#include <host/mp/finished.hpp>
#include <typeinfo>

namespace flynn::mp::detail {
namespace {

constexpr std::size_t most_bytes = std::size_t{64} << 10;  ///< of a message that comes from another process

std::string demangled(const std::type_info* type) {
  if (!type) return "unknown";
  int status = 0;
  char* const name = abi::__cxa_demangle(type->name(), nullptr, nullptr, &status);
  const std::string text = name ? name : type->name();
  std::free(name);
  return text;
}

/// What a terminal or a file of text can take: no control characters, and cut off where it is too long.
std::string printable(std::string_view text) {
  constexpr const char* digits = "0123456789abcdef";
  std::string out;
  for (const char c : text.substr(0, most_bytes)) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '\n' || c == '\t' || (byte >= 0x20 && byte != 0x7f))
      out += c;
    else
      out += {'\\', 'x', digits[byte >> 4], digits[byte & 15]};
  }
  if (text.size() > most_bytes) out += "... (" + std::to_string(text.size()) + " bytes)";
  return out;
}

/// Bytes that are no UTF-8 are written as \xNN.
std::string escaped(std::string_view text) {
  std::string out;
  const std::string safe = printable(text);
  for (std::size_t i = 0; i < safe.size();) {
    const auto lead = static_cast<unsigned char>(safe[i]);
    const std::size_t length = lead < 0x80                   ? 1
                               : lead >= 0xf0 && lead < 0xf5 ? 4
                               : lead >= 0xe0                ? 3
                               : lead >= 0xc2                ? 2
                                                             : 0;
    bool is_good = length > 0 && lead < 0xf5 && i + length <= safe.size();
    for (std::size_t k = 1; is_good && k < length; ++k)
      is_good = (static_cast<unsigned char>(safe[i + k]) & 0xc0) == 0x80;
    if (is_good) {
      out.append(safe, i, length);
      i += length;
    } else {
      constexpr const char* digits = "0123456789abcdef";
      out += {'\\', 'x', digits[lead >> 4], digits[lead & 15]};
      ++i;
    }
  }
  return out;
}

/// Of the exception that is being handled, and then of those inside it.
void add_causes(std::vector<Failure::Cause>& causes, Code& code) {
  constexpr std::size_t most_causes = 32;
  const std::string type = escaped(demangled(abi::__cxa_current_exception_type()));
  try {
    throw;
  } catch (const std::exception& e) {
    if (causes.empty()) {
      if (const auto* error = dynamic_cast<const Error*>(&e)) code = error->code();
      if (dynamic_cast<const std::bad_alloc*>(&e)) code = Code::out_of_memory;
    }
    causes.push_back({type, escaped(e.what())});
    try {
      std::rethrow_if_nested(e);
    } catch (...) {
      if (causes.size() < most_causes) add_causes(causes, code);
    }
  } catch (...) {
    causes.push_back({type, {}});
  }
}

}  // namespace

Failure current_failure() {
  Failure failure{.kind = Failure::Kind::thrown};
  add_causes(failure.causes, failure.code);
  return failure;
}

void raise(const Failure& failure) {
  switch (failure.kind) {
    case Failure::Kind::thrown:
      throw RemoteError(failure);
    case Failure::Kind::died:
    case Failure::Kind::damaged:
      throw WorkerDied(failure);
    case Failure::Kind::timed_out:
      throw TimeoutError(failure.code, failure.text, {}, failure.hint);
    case Failure::Kind::cancelled:
      throw CancelledError(failure.code, failure.text, {}, failure.hint);
    case Failure::Kind::refused:
      break;
  }
  throw Error(failure.code, failure.text, {}, failure.hint);
}

std::int64_t deadline_after(Duration limit) {
  const std::int64_t now = monotonic_ns();
  return limit >= Duration(no_deadline - now) ? no_deadline : now + std::max<std::int64_t>(limit.count(), 0);
}

Duration time_until(std::int64_t deadline) {
  return deadline == no_deadline ? forever : Duration(std::max<std::int64_t>(deadline - monotonic_ns(), 0));
}

Bell& finished() {
  static Bell bell{};
  return bell;
}

bool wait_until(const std::function<bool()>& holds, std::int64_t deadline) {
  for (;;) {
    const std::uint32_t seen = finished().now();
    if (holds()) return true;
    const std::int64_t now = monotonic_ns();
    if (now >= deadline) return false;
    finished().wait(seen, deadline == no_deadline ? 0 : deadline - now);
  }
}

bool State::wait(Duration limit) {
  if (is_ready()) return true;
  return engine_->help_until([this] { return is_ready(); }, deadline_after(limit));
}

void State::check(Duration limit) {
  if (!wait(limit)) throw TimeoutError(Code::deadline_exceeded, "the result was not there in time");
  rethrow(*this);
}

void rethrow(const State& state) {
  if (state.thrown()) std::rethrow_exception(state.thrown());
  if (state.failure()) raise(*state.failure());
}

Error error_of(const State& state) {
  try {
    rethrow(state);
  } catch (const Error& error) {
    return error;
  } catch (...) {
    const Failure failure = current_failure();
    return Error(failure.code, failure.causes.at(0).type + ": " + failure.causes.at(0).message);
  }
  return Error(Code::ok, "");
}

Result<void> settled(State& state, Duration limit) {
  if (!state.wait(limit)) return tl::unexpected(Error(Code::deadline_exceeded, "the result was not there in time"));
  if (state.has_failed()) return tl::unexpected(error_of(state));
  return {};
}

void State::when_ready(std::function<void()> callback) {
  {
    const std::lock_guard lock(mutex_);
    if (!is_ready()) {
      callbacks_.push_back(std::move(callback));
      return;
    }
  }
  engine_->call_later(std::move(callback));
}

void State::fail(Failure failure) {
  const std::lock_guard lock(mutex_);
  if (!has_failed()) failure_ = std::move(failure);
}

void State::fail(std::exception_ptr thrown) {
  const std::lock_guard lock(mutex_);
  if (!has_failed()) thrown_ = std::move(thrown);
}

void State::finish() {
  std::vector<std::function<void()>> callbacks;
  {
    const std::lock_guard lock(mutex_);
    is_ready_.store(true, std::memory_order_release);
    callbacks.swap(callbacks_);
  }
  for (auto& callback : callbacks) engine_->call_later(std::move(callback));
  finished().ring();
}

}  // namespace flynn::mp::detail
