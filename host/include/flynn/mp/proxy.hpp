#pragma once
// Proxies: objects of a manager, as other processes see them.

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <tuple>
#include <utility>

#include <flynn/mp/callable.hpp>
#include <flynn/mp/state.hpp>

namespace flynn::mp {

/// The process that has an object is gone, and all its objects with it.
class FLYNN_API ManagerDied : public Error {
 public:
  using Error::Error;
};

namespace detail {

/// An object of a manager. Calls of its methods come one at a time.
struct FLYNN_API Hosted {
  virtual ~Hosted() = default;
  std::mutex mutex;
};
template <class T>
struct HostedAs : Hosted {
  template <class... A>
  explicit HostedAs(A&&... arguments) : value(std::forward<A>(arguments)...) {}
  T value;
};

/// Where a manager keeps its objects.
class FLYNN_API Host {
 public:
  virtual std::uint64_t add(std::unique_ptr<Hosted> object) = 0;

 protected:
  ~Host() = default;
};

/// An object as those see it who do not have it.
class FLYNN_API Remote {
 public:
  Remote() = default;
  Remote(std::string address, std::uint64_t object) : address_(std::move(address)), object_(object) {}
  /// Runs it there. Throws ManagerDied, RemoteError for what it throws.
  void call(CodePlace code, const std::function<void(Writer&)>& encode,
            const std::function<void(Reader&)>& decode) const;
  const std::string& address() const { return address_; }

  template <class Archive>
  void serialize(Archive& archive) {
    archive(address_, object_);
  }

 private:
  std::string address_;
  std::uint64_t object_ = 0;  ///< 0: the manager itself
};

/// What runs in the manager to make an object.
template <class T, class Arguments>
struct MakeHosted {
  static void run(const void* target, Reader& in, Sink& out) {
    Arguments arguments;
    in(arguments);
    auto object =
        std::apply([](auto&... argument) { return std::make_unique<HostedAs<T>>(std::move(argument)...); }, arguments);
    const std::uint64_t id = static_cast<Host*>(const_cast<void*>(target))->add(std::move(object));
    out.write([&](Writer& w) { w(id); });
  }
};

template <class T, auto method, class Arguments>
struct HostedResult;
template <class T, auto method, class... A>
struct HostedResult<T, method, std::tuple<A...>> {
  using type = std::remove_cvref_t<std::invoke_result_t<decltype(method), T&, A...>>;
};

/// The same to call a method of one.
template <class T, auto method, class Arguments>
struct CallHosted {
  using Result = typename HostedResult<T, method, Arguments>::type;

  static void run(const void* target, Reader& in, Sink& out) {
    auto* const hosted = static_cast<HostedAs<T>*>(static_cast<Hosted*>(const_cast<void*>(target)));
    Arguments arguments;
    in(arguments);
    const auto call = [&](auto&... argument) {
      return Result(std::invoke(method, hosted->value, std::move(argument)...));
    };
    const std::lock_guard lock(hosted->mutex);
    if constexpr (std::is_void_v<Result>) {
      std::apply(call, arguments);
      out.write([](Writer&) {});
    } else {
      const Result result = std::apply(call, arguments);
      out.write([&](Writer& w) { w(result); });
    }
  }
};

}  // namespace detail

/// A T that a manager has. Copies are the same object; it goes to other processes as an argument, or as what it is in:
/// a list of proxies, say. Any number of threads and processes may use it, and each call is one step for all others.
///
///     auto counter = manager.make<Counter>(5);
///     int now = counter.call<&Counter::add>(3);
template <class T>
class Proxy {
 public:
  /// None: calls throw.
  Proxy() = default;
  explicit Proxy(detail::Remote remote) : remote_(std::move(remote)) {}

  /// Calls a method there, with arguments that are converted to what it takes. Throws ManagerDied when the manager is
  /// gone, RemoteError for what the method throws. 10 us and O(bytes).
  template <auto method, class... A>
  auto call(A&&... arguments) const {
    using Parameters = typename detail::SignatureOf<decltype(method)>::type::Arguments;
    detail::require_parameters(Parameters{});
    using Arguments = typename detail::DecayedTuple<Parameters>::type;
    using Call = detail::CallHosted<T, method, Arguments>;
    static_assert(detail::check_result<typename Call::Result>());
    const Arguments sent(std::forward<A>(arguments)...);
    const auto encode = [&](Writer& out) { out(sent); };
    if constexpr (std::is_void_v<typename Call::Result>) {
      remote_.call(detail::runner_place<Call>(), encode, [](Reader&) {});
    } else {
      typename Call::Result result{};
      remote_.call(detail::runner_place<Call>(), encode, [&](Reader& in) { in(result); });
      return result;
    }
  }

  template <class Archive>
  void serialize(Archive& archive) {
    archive(remote_);
  }

 private:
  detail::Remote remote_;
};

}  // namespace flynn::mp
