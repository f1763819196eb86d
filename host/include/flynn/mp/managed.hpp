#pragma once
// What a manager has of its own: lists, dictionaries, sets, namespaces and queues, and their proxies.

#include <deque>
#include <map>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

#include <flynn/mp/proxy.hpp>

namespace flynn::mp {

namespace detail {

template <class T>
struct HostedList {
  explicit HostedList(std::vector<T> items) : items(std::move(items)) {}
  std::vector<T> items;

  void append(T item) { items.push_back(std::move(item)); }
  void extend(std::vector<T> more) { items.insert(items.end(), more.begin(), more.end()); }
  T get(std::size_t i) { return items.at(i); }
  void set(std::size_t i, T item) { items.at(i) = std::move(item); }
  T pop() {
    if (items.empty()) throw std::out_of_range("pop from an empty list");
    T last = std::move(items.back());
    items.pop_back();
    return last;
  }
  std::size_t size() { return items.size(); }
  std::vector<T> all() { return items; }
};

template <class K, class V>
struct HostedDict {
  explicit HostedDict(std::map<K, V> items) : items(std::move(items)) {}
  std::map<K, V> items;

  V get(K key) { return items.at(key); }
  V get_or(K key, V otherwise) {
    const auto place = items.find(key);
    return place == items.end() ? otherwise : place->second;
  }
  void set(K key, V value) { items.insert_or_assign(std::move(key), std::move(value)); }
  bool contains(K key) { return items.contains(key); }
  bool erase(K key) { return items.erase(key) > 0; }
  std::size_t size() { return items.size(); }
  std::map<K, V> all() { return items; }
};

template <class T>
struct HostedSet {
  explicit HostedSet(std::set<T> items) : items(std::move(items)) {}
  std::set<T> items;

  bool add(T item) { return items.insert(std::move(item)).second; }
  bool discard(T item) { return items.erase(item) > 0; }
  bool contains(T item) { return items.contains(item); }
  std::size_t size() { return items.size(); }
  std::set<T> all() { return items; }
};

/// Values as bytes, with what type they are.
struct FLYNN_API HostedNamespace {
  struct Value {
    std::uint64_t type = 0;
    std::vector<std::byte> bytes = {};
    template <class Archive>
    void serialize(Archive& archive) {
      archive(type, bytes);
    }
  };
  std::map<std::string, Value> values;

  void set(std::string name, Value value);
  Value get(std::string name, std::uint64_t type);
  bool contains(std::string name) { return values.contains(name); }
};

template <class T>
struct HostedQueue {
  explicit HostedQueue(std::size_t most) : most(most) {}
  const std::size_t most;
  std::deque<T> items;

  bool put(T item) {
    if (most > 0 && items.size() >= most) return false;
    items.push_back(std::move(item));
    return true;
  }
  std::optional<T> get() {
    if (items.empty()) return {};
    std::optional<T> first(std::move(items.front()));
    items.pop_front();
    return first;
  }
  std::size_t size() { return items.size(); }
};

/// Asks again and again, less and less often, until it is answered or the time is over. Nobody waits in the manager, so
/// that who dies while it waits takes nothing with it.
FLYNN_API bool ask_until(const std::function<bool()>& is_answered, Duration timeout);

template <class Object>
class ProxyOf {
 public:
  ProxyOf() = default;
  explicit ProxyOf(Proxy<Object> proxy) : proxy_(std::move(proxy)) {}
  template <class Archive>
  void serialize(Archive& archive) {
    archive(proxy_);
  }

 protected:
  Proxy<Object> proxy_;
};

}  // namespace detail

/// A std::vector<T> in a manager. Every call throws as Proxy::call; std::out_of_range there is a RemoteError here.
template <class T>
class ListProxy : public detail::ProxyOf<detail::HostedList<T>> {
  using List = detail::HostedList<T>;

 public:
  using detail::ProxyOf<List>::ProxyOf;
  void append(const T& item) const { this->proxy_.template call<&List::append>(item); }
  void extend(const std::vector<T>& items) const { this->proxy_.template call<&List::extend>(items); }
  T get(std::size_t i) const { return this->proxy_.template call<&List::get>(i); }
  void set(std::size_t i, const T& item) const { this->proxy_.template call<&List::set>(i, item); }
  T pop() const { return this->proxy_.template call<&List::pop>(); }  ///< the last one
  std::size_t size() const { return this->proxy_.template call<&List::size>(); }
  std::vector<T> all() const { return this->proxy_.template call<&List::all>(); }  ///< a copy
};

/// A std::map<K, V> in a manager. get() of a key that is not there is a RemoteError (std::out_of_range).
template <class K, class V>
class DictProxy : public detail::ProxyOf<detail::HostedDict<K, V>> {
  using Dict = detail::HostedDict<K, V>;

 public:
  using detail::ProxyOf<Dict>::ProxyOf;
  V get(const K& key) const { return this->proxy_.template call<&Dict::get>(key); }
  V get(const K& key, const V& otherwise) const { return this->proxy_.template call<&Dict::get_or>(key, otherwise); }
  void set(const K& key, const V& value) const { this->proxy_.template call<&Dict::set>(key, value); }
  bool contains(const K& key) const { return this->proxy_.template call<&Dict::contains>(key); }
  bool erase(const K& key) const { return this->proxy_.template call<&Dict::erase>(key); }  ///< whether it was there
  std::size_t size() const { return this->proxy_.template call<&Dict::size>(); }
  std::map<K, V> all() const { return this->proxy_.template call<&Dict::all>(); }  ///< a copy
};

/// A std::set<T> in a manager. add() and discard() say whether they changed it.
template <class T>
class SetProxy : public detail::ProxyOf<detail::HostedSet<T>> {
  using Set = detail::HostedSet<T>;

 public:
  using detail::ProxyOf<Set>::ProxyOf;
  bool add(const T& item) const { return this->proxy_.template call<&Set::add>(item); }
  bool discard(const T& item) const { return this->proxy_.template call<&Set::discard>(item); }
  bool contains(const T& item) const { return this->proxy_.template call<&Set::contains>(item); }
  std::size_t size() const { return this->proxy_.template call<&Set::size>(); }
  std::set<T> all() const { return this->proxy_.template call<&Set::all>(); }  ///< a copy
};

/// Values with names in a manager. get() is a RemoteError when there is none of that name, or of another type.
class NamespaceProxy : public detail::ProxyOf<detail::HostedNamespace> {
 public:
  using ProxyOf::ProxyOf;
  template <class T>
  void set(const std::string& name, const T& value) const {
    detail::require_sendable<T>();
    Writer counter({});
    counter(value);
    detail::HostedNamespace::Value sent{detail::type_id<T>(), std::vector<std::byte>(counter.used())};
    Writer out(sent.bytes);
    out(value);
    proxy_.call<&detail::HostedNamespace::set>(name, sent);
  }
  void set(const std::string& name, const char* text) const { set(name, std::string(text)); }
  template <class T>
  T get(const std::string& name) const {
    const auto value = proxy_.call<&detail::HostedNamespace::get>(name, detail::type_id<T>());
    Reader in(value.bytes);
    T result{};
    in(result);
    return result;
  }
  bool contains(const std::string& name) const { return proxy_.call<&detail::HostedNamespace::contains>(name); }
};

/// A queue in a manager: first in, first out. A Queue is a hundred times as fast.
template <class T>
class QueueProxy : public detail::ProxyOf<detail::HostedQueue<T>> {
  using Hosted = detail::HostedQueue<T>;

 public:
  using detail::ProxyOf<Hosted>::ProxyOf;
  /// Throws Full when there was no room in that time.
  void put(const T& item, Duration timeout = forever) const {
    if (!detail::ask_until([&] { return this->proxy_.template call<&Hosted::put>(item); }, timeout))
      throw Full(Code::deadline_exceeded, "the manager's queue was full all that time");
  }
  /// Throws Empty when there was nothing in that time.
  T get(Duration timeout = forever) const {
    std::optional<T> item;
    const auto ask = [&] { return bool(item = this->proxy_.template call<&Hosted::get>()); };
    if (!detail::ask_until(ask, timeout))
      throw Empty(Code::deadline_exceeded, "the manager's queue was empty all that time");
    return std::move(*item);
  }
  std::size_t qsize() const { return this->proxy_.template call<&Hosted::size>(); }
};

}  // namespace flynn::mp
