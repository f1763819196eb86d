#pragma once
// Functions that go to another process: as their place in the program, or as a value that cereal can send.

#include <concepts>
#include <cstdint>
#include <functional>
#include <optional>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include <flynn/mp/error.hpp>
#include <flynn/mp/trail.hpp>

namespace flynn::mp {

namespace detail {

/// Where a function lies: which file, named by its build id, and how many bytes from where that is mapped. The same in
/// every process that runs the program.
struct CodePlace {
  std::uint64_t module = 0, offset = 0;
  bool operator==(const CodePlace&) const = default;
};

/// Throws Error when no loaded file has it.
FLYNN_API CodePlace place_of(const void* function);
/// Where it is in this process. Throws Error when that file is not loaded here.
FLYNN_API const void* function_at(CodePlace place);

/// Where a task puts what it gives back.
class FLYNN_API Sink {
 public:
  /// `encode` may be called twice.
  virtual void write(const std::function<void(Writer&)>& encode) = 0;
  std::uint64_t item = 0;  ///< which of several sets of arguments is being worked on

 protected:
  ~Sink() = default;
};

/// What runs in the worker: reads the function's value and its arguments, calls it, writes the result.
using Runner = void (*)(const void* target, Reader& in, Sink& out);

// ---- the types of a call

template <class R, class... P>
struct Signature {
  using Arguments = Types<P...>;
};

template <class F>
struct SignatureOf {};  // no single one: overloaded or a template
template <class R, class... P>
struct SignatureOf<R (*)(P...)> {
  using type = Signature<R, P...>;
};
template <class R, class... P>
struct SignatureOf<R (*)(P...) noexcept> : SignatureOf<R (*)(P...)> {};
template <class R, class C, class... P>
struct SignatureOf<R (C::*)(P...)> : SignatureOf<R (*)(P...)> {};
template <class R, class C, class... P>
struct SignatureOf<R (C::*)(P...) const> : SignatureOf<R (*)(P...)> {};
template <class R, class C, class... P>
struct SignatureOf<R (C::*)(P...) noexcept> : SignatureOf<R (*)(P...)> {};
template <class R, class C, class... P>
struct SignatureOf<R (C::*)(P...) const noexcept> : SignatureOf<R (*)(P...)> {};
template <class F>
requires requires { &F::operator(); }
struct SignatureOf<F> : SignatureOf<decltype(&F::operator())> {};

/// What is stored of an argument. "text" becomes a std::string.
template <class A>
using Stored = std::conditional_t<std::is_convertible_v<A, const char*> && !std::is_null_pointer_v<std::decay_t<A>>,
                                  std::string, std::decay_t<A>>;

template <class P>
constexpr void require_parameter() {
  using Bare = std::remove_reference_t<P>;
  if constexpr (std::is_lvalue_reference_v<P> && !std::is_const_v<Bare>)
    (void)sizeof(CannotSend<P>);
  else
    require_sendable<std::remove_cv_t<Bare>>();
}

template <class F, class... A>
struct CallTypes {  // of what has no single signature: by the arguments given
  using Arguments = std::tuple<Stored<A>...>;
};
template <class T>
struct DecayedTuple;
template <class... P>
struct DecayedTuple<Types<P...>> {
  using type = std::tuple<std::decay_t<P>...>;
};
template <class F, class... A>
requires requires { typename SignatureOf<F>::type; }
struct CallTypes<F, A...> {
  using Arguments = typename DecayedTuple<typename SignatureOf<F>::type::Arguments>::type;
};

template <class... P>
constexpr void require_parameters(Types<P...>) {
  (require_parameter<P>(), ...);
}

/// What travels as a place alone: a function, or a class without data such as a lambda that captures nothing.
template <class F>
constexpr bool is_function_pointer = std::is_pointer_v<F>&& std::is_function_v<std::remove_pointer_t<F>>;
template <class F>
constexpr bool is_stateless = std::is_class_v<F>&& std::is_empty_v<F>&& std::is_default_constructible_v<F>;

/// The compiler prints "In instantiation of CannotCall<the type>".
template <class F>
struct CannotCall {
  static_assert(!std::is_class_v<F>,
                "flynn::mp: this callable has data of its own (a lambda that captures, a std::function, a std::bind). "
                "Pass what it captures as arguments, or write a class with operator(), a default constructor and a "
                "member `template <class Archive> void serialize(Archive& archive)` that names its data.");
  static_assert(std::is_class_v<F>, "flynn::mp: this is neither a function nor an object that can be called.");
};

template <class F>
constexpr void require_callable() {
  if constexpr (!is_function_pointer<F> && !is_stateless<F> && !can_send<F>()) (void)sizeof(CannotCall<F>);
}

template <class F, class Arguments>
struct ResultOf;
template <class F, class... S>
struct ResultOf<F, std::tuple<S...>> {
  using type = std::remove_cvref_t<std::invoke_result_t<F&, S...>>;
};

template <class F, class... A>
constexpr bool check_call() {
  require_callable<F>();
  if constexpr (requires { typename SignatureOf<F>::type; })
    require_parameters(typename SignatureOf<F>::type::Arguments{});
  require_sendable<typename CallTypes<F, A...>::Arguments>();
  return true;
}

template <class Result>
constexpr bool check_result() {
  if constexpr (!std::is_void_v<Result>) require_sendable<Result>();
  return true;
}

/// All that a call needs, checked: F(A...) in another process.
template <class F, class... A>
struct CallOf {
  static_assert(check_call<F, A...>());
  using Arguments = typename CallTypes<F, A...>::Arguments;
  using Result = typename ResultOf<F, Arguments>::type;
  static_assert(check_result<Result>());
};

// ---- how it travels

/// The function itself, in the worker.
template <class F>
F read_function(const void* target, [[maybe_unused]] Reader& in) {
  if constexpr (is_function_pointer<F>) {
    return reinterpret_cast<F>(const_cast<void*>(target));
  } else {
    F function{};
    if constexpr (!is_stateless<F>) in(function);
    return function;
  }
}

template <class F>
void write_function([[maybe_unused]] const F& function, [[maybe_unused]] Writer& out) {
  if constexpr (!is_function_pointer<F> && !is_stateless<F>) out(function);
}

/// Where F's target lies; nowhere for what is sent as a value.
template <class F>
CodePlace target_of([[maybe_unused]] const F& function) {
  if constexpr (is_function_pointer<F>)
    return place_of(reinterpret_cast<const void*>(function));
  else
    return {};
}

template <class F, class Arguments>
struct RunOnce {
  static void run(const void* target, Reader& in, Sink& out) {
    F function = read_function<F>(target, in);
    Arguments arguments;
    std::apply([&](auto&... argument) { (read_lasting(in, argument), ...); }, arguments);
    in.finish();
    if constexpr (std::is_void_v<typename ResultOf<F, Arguments>::type>) {
      std::apply(function, std::move(arguments));
      out.write([](Writer&) {});
    } else {
      typename ResultOf<F, Arguments>::type result = std::apply(function, std::move(arguments));
      out.write([&](Writer& w) { write_lasting(w, result); });
      keep_memory(result);
    }
    std::apply([](auto&... argument) { (keep_memory(argument), ...); }, arguments);
  }
};

/// The same for `count` sets of arguments one after the other.
template <class F, class Arguments>
struct RunMany {
  static void run(const void* target, Reader& in, Sink& out) {
    using Result = typename ResultOf<F, Arguments>::type;
    F function = read_function<F>(target, in);
    std::uint64_t count = 0;
    in(count);
    if constexpr (std::is_void_v<Result>) {
      for (; out.item < count; ++out.item) std::apply(function, read(in));
      out.write([](Writer&) {});
    } else {
      std::vector<std::optional<Result>> results;  // not vector<bool>, nor default constructors
      for (; out.item < count; ++out.item) results.emplace_back(std::apply(function, read(in)));
      out.write([&](Writer& w) {
        for (const auto& result : results) w(*result);
      });
    }
  }
  static Arguments read(Reader& in) {
    Arguments arguments;
    in(arguments);
    return arguments;
  }
};

/// The place of the code that runs such calls; it does not move while the program runs.
template <class Run>
CodePlace runner_place() {
  static const CodePlace place = place_of(reinterpret_cast<const void*>(&Run::run));
  return place;
}

}  // namespace detail

/// A function with its arguments, ready to be run in another process: `mp::call(setup, "log", 3)`. Arguments are
/// converted to what the function takes, and copied.
class Call {
 public:
  Call() = default;
  template <class F, class... A>
  explicit Call(std::in_place_t, F function, A&&... arguments)
      : code(detail::runner_place<detail::RunOnce<F, typename detail::CallOf<F, A...>::Arguments>>()),
        target(detail::target_of(function)),
        encode_([function = std::move(function),
                 arguments = typename detail::CallOf<F, A...>::Arguments(std::forward<A>(arguments)...)](Writer& out) {
          detail::write_function(function, out);
          out(arguments);
        }) {}
  explicit operator bool() const { return bool(encode_); }
  void encode(Writer& out) const { encode_(out); }

  detail::CodePlace code, target;

 private:
  std::function<void(Writer&)> encode_;
};

template <class F, class... A>
Call call(F function, A&&... arguments) {
  return Call(std::in_place, std::move(function), std::forward<A>(arguments)...);
}

}  // namespace flynn::mp
