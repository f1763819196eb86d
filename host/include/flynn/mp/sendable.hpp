#pragma once
// Which values may go to another process: numbers, enums, strings, the containers of the standard library and its
// pair, tuple, optional and variant, if what they hold may, and every class that tells cereal what it consists of.

#include <cereal/types/array.hpp>
#include <cereal/types/bitset.hpp>
#include <cereal/types/chrono.hpp>
#include <cereal/types/complex.hpp>
#include <cereal/types/deque.hpp>
#include <cereal/types/forward_list.hpp>
#include <cereal/types/list.hpp>
#include <cereal/types/map.hpp>
#include <cereal/types/optional.hpp>
#include <cereal/types/set.hpp>
#include <cereal/types/string.hpp>
#include <cereal/types/tuple.hpp>
#include <cereal/types/unordered_map.hpp>
#include <cereal/types/unordered_set.hpp>
#include <cereal/types/utility.hpp>
#include <cereal/types/variant.hpp>
#include <cereal/types/vector.hpp>
#include <functional>
#include <memory>
#include <span>
#include <string_view>
#include <type_traits>
#include <typeinfo>

#include <flynn/mp/archive.hpp>

namespace flynn::mp {

namespace detail {

template <class... T>
struct Types {};

/// What a template of the standard library holds. Types<> for one that is sendable by itself; none for other types.
template <class T>
struct Parts {
  static constexpr bool is_known = false;
};
template <class... T>
struct KnownParts {
  static constexpr bool is_known = true;
  using type = Types<T...>;
};

template <class C, class R, class A>
struct Parts<std::basic_string<C, R, A>> : KnownParts<C> {};
template <class T, class A>
struct Parts<std::vector<T, A>> : KnownParts<T> {};
template <class T, class A>
struct Parts<std::deque<T, A>> : KnownParts<T> {};
template <class T, class A>
struct Parts<std::list<T, A>> : KnownParts<T> {};
template <class T, class A>
struct Parts<std::forward_list<T, A>> : KnownParts<T> {};
template <class T, class C, class A>
struct Parts<std::set<T, C, A>> : KnownParts<T> {};
template <class T, class C, class A>
struct Parts<std::multiset<T, C, A>> : KnownParts<T> {};
template <class T, class H, class E, class A>
struct Parts<std::unordered_set<T, H, E, A>> : KnownParts<T> {};
template <class T, class H, class E, class A>
struct Parts<std::unordered_multiset<T, H, E, A>> : KnownParts<T> {};
template <class K, class V, class C, class A>
struct Parts<std::map<K, V, C, A>> : KnownParts<K, V> {};
template <class K, class V, class C, class A>
struct Parts<std::multimap<K, V, C, A>> : KnownParts<K, V> {};
template <class K, class V, class H, class E, class A>
struct Parts<std::unordered_map<K, V, H, E, A>> : KnownParts<K, V> {};
template <class K, class V, class H, class E, class A>
struct Parts<std::unordered_multimap<K, V, H, E, A>> : KnownParts<K, V> {};
template <class T, std::size_t N>
struct Parts<std::array<T, N>> : KnownParts<T> {};
template <class A, class B>
struct Parts<std::pair<A, B>> : KnownParts<A, B> {};
template <class... T>
struct Parts<std::tuple<T...>> : KnownParts<T...> {};
template <class T>
struct Parts<std::optional<T>> : KnownParts<T> {};
template <class... T>
struct Parts<std::variant<T...>> : KnownParts<T...> {};
template <>
struct Parts<std::monostate> : KnownParts<> {};
template <class T>
struct Parts<std::complex<T>> : KnownParts<T> {};
template <std::size_t N>
struct Parts<std::bitset<N>> : KnownParts<> {};
template <class R, class P>
struct Parts<std::chrono::duration<R, P>> : KnownParts<R> {};
template <class C, class D>
struct Parts<std::chrono::time_point<C, D>> : KnownParts<D> {};

template <class T>
struct IsView : std::false_type {};
template <class C, class R>
struct IsView<std::basic_string_view<C, R>> : std::true_type {};
template <class T, std::size_t N>
struct IsView<std::span<T, N>> : std::true_type {};
template <class T>
struct IsView<std::reference_wrapper<T>> : std::true_type {};

template <class T>
struct IsSmartPointer : std::false_type {};
template <class T, class D>
struct IsSmartPointer<std::unique_ptr<T, D>> : std::true_type {};
template <class T>
struct IsSmartPointer<std::shared_ptr<T>> : std::true_type {};
template <class T>
struct IsSmartPointer<std::weak_ptr<T>> : std::true_type {};

template <class T>
constexpr bool is_pointer_like =
    std::is_reference_v<T> || std::is_pointer_v<T> || std::is_member_pointer_v<T> || std::is_null_pointer_v<T> ||
    std::is_array_v<T> || std::is_void_v<T> || std::is_function_v<T> || IsView<T>::value || IsSmartPointer<T>::value;

/// A class of the user that tells cereal what it consists of.
template <class T>
constexpr bool is_told_to_cereal() {
  if constexpr (std::is_class_v<T> || std::is_union_v<T>)
    return cereal::traits::is_output_serializable<T, Writer>::value &&
           cereal::traits::is_input_serializable<T, Reader>::value;
  else
    return false;
}

template <class T>
constexpr bool can_send();

template <class... T>
constexpr bool can_send_all(Types<T...>) {
  return (can_send<T>() && ...);
}

template <class T>
constexpr bool can_send() {
  if constexpr (std::is_arithmetic_v<T> || std::is_enum_v<T>)
    return true;
  else if constexpr (is_pointer_like<T> || std::is_const_v<T> || std::is_volatile_v<T>)
    return false;
  else if constexpr (Parts<T>::is_known)
    return can_send_all(typename Parts<T>::type{});
  else
    return is_told_to_cereal<T>() && std::is_default_constructible_v<T>;
}

}  // namespace detail

/// Whether values of a type may go to another process and back.
template <class T>
concept Sendable = detail::can_send<T>();

namespace detail {

/// FNV-1a.
FLYNN_API std::uint64_t hash_of(const char* text);
/// The same in all processes of a program.
template <class T>
std::uint64_t type_id() {
  static const std::uint64_t id = hash_of(typeid(T).name());
  return id;
}

/// The compiler prints "In instantiation of CannotSend<the type>" and the sentence that applies.
template <class T>
struct CannotSend {
  static constexpr bool is_view = IsView<T>::value, is_smart = IsSmartPointer<T>::value;
  static constexpr bool is_plain_pointer = is_pointer_like<T> && !is_view && !is_smart && !std::is_reference_v<T>;
  static_assert(!std::is_reference_v<T>,
                "flynn::mp: a reference cannot go to another process: what is written to it would stay there. Take the "
                "argument by value or by const reference, and return what changed.");
  static_assert(!is_plain_pointer,
                "flynn::mp: a pointer means nothing in another process. Send the object itself (std::string instead of "
                "const char*, std::vector or std::array instead of an array).");
  static_assert(!is_smart, "flynn::mp: a smart pointer cannot go to another process. Send the object it points to.");
  static_assert(!is_view,
                "flynn::mp: a view (std::span, std::string_view, std::reference_wrapper) shows memory that the other "
                "process does not have. Take a std::vector or std::string.");
  static_assert(is_pointer_like<T> || std::is_default_constructible_v<T>,
                "flynn::mp: the other process makes such an object first and then reads it. Give this class a default "
                "constructor.");
  static_assert(is_pointer_like<T> || !std::is_default_constructible_v<T>,
                "flynn::mp: nothing tells what this class consists of. Give it a member `template <class Archive> void "
                "serialize(Archive& archive) { archive(x, y, z); }` that names its data.");
};

template <class T>
constexpr void require_sendable();

template <class... T>
constexpr void require_all_sendable(Types<T...>) {
  (require_sendable<T>(), ...);
}

/// Nothing for a sendable type; else the error, at the innermost type that is to blame.
template <class T>
constexpr void require_sendable() {
  if constexpr (!can_send<T>()) {
    if constexpr (Parts<T>::is_known)
      require_all_sendable(typename Parts<T>::type{});
    else
      (void)sizeof(CannotSend<T>);
  }
}

}  // namespace detail

}  // namespace flynn::mp
