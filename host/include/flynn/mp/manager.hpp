#pragma once
// Objects in a process of their own, which others use by proxy.

#include <sys/types.h>

#include <flynn/mp/managed.hpp>

namespace flynn::mp {

/// A process that keeps objects for others. It ends with this object, or with its program, and so do the objects.
class FLYNN_API Manager {
 public:
  /// Throws Error `unavailable` when it cannot be started.
  Manager();
  Manager(Manager&&) noexcept;
  ~Manager();

  /// Makes an object of any class there, from arguments that can be sent. T needs to be nothing special; what its
  /// methods take and return must be sendable. Throws as Proxy::call.
  template <class T, class... A>
  Proxy<T> make(A&&... arguments) const {
    using Arguments = std::tuple<detail::Stored<A>...>;
    detail::require_sendable<Arguments>();
    const Arguments sent(std::forward<A>(arguments)...);
    std::uint64_t id = 0;
    remote().call(
        detail::runner_place<detail::MakeHosted<T, Arguments>>(), [&](Writer& out) { out(sent); },
        [&](Reader& in) { in(id); });
    return Proxy<T>({remote().address(), id});
  }

  template <class T>
  ListProxy<T> list(const std::vector<T>& items = {}) const {
    return ListProxy<T>(make<detail::HostedList<T>>(items));
  }
  template <class K, class V>
  DictProxy<K, V> dict(const std::map<K, V>& items = {}) const {
    return DictProxy<K, V>(make<detail::HostedDict<K, V>>(items));
  }
  template <class T>
  SetProxy<T> set(const std::set<T>& items = {}) const {
    return SetProxy<T>(make<detail::HostedSet<T>>(items));
  }
  /// Named values of any sendable type.
  NamespaceProxy Namespace() const { return NamespaceProxy(make<detail::HostedNamespace>()); }
  /// For so many items at most; 0: any number.
  template <class T>
  QueueProxy<T> queue(std::size_t maxsize = 0) const {
    return QueueProxy<T>(make<detail::HostedQueue<T>>(maxsize));
  }

  pid_t pid() const;

 private:
  const detail::Remote& remote() const;

  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace flynn::mp
