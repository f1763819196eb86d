#include <sys/random.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <map>
#include <thread>

#include <flynn/execution.hpp>
#include <flynn/mp/manager.hpp>
#include <flynn/mp/pipe.hpp>
#include <flynn/mp/process.hpp>
#include <host/pools/protection.hpp>

// A manager is a process that listens on a socket with a name of chance in the kernel's own space of names (no file),
// and has a thread for each connection. A proxy is the name and the number of an object; the calls of a process go over
// connections that it keeps, one for each thread that calls at that time.

namespace flynn::mp {
namespace detail {
namespace {

// What messages are.
constexpr std::uint64_t a_call = 1, a_result = 2, a_failure = 3;

std::string new_address() {
  unsigned char random[16];
  for (std::size_t have = 0; have < sizeof random;)
    if (const ssize_t count = getrandom(random + have, sizeof random - have, 0); count > 0) have += std::size_t(count);
  std::string name = "flynn-";
  for (const unsigned char byte : random) name += {"0123456789abcdef"[byte >> 4], "0123456789abcdef"[byte & 15]};
  return name;
}

struct Address {
  sockaddr_un address = {};
  socklen_t bytes;
  explicit Address(const std::string& name) {
    address.sun_family = AF_UNIX;
    const std::size_t length = std::min(name.size(), sizeof address.sun_path - 1);
    std::memcpy(address.sun_path + 1, name.data(), length);  // that it begins with 0 makes it no file
    bytes = socklen_t(offsetof(sockaddr_un, sun_path) + 1 + length);
  }
  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&address); }
};

int new_socket() {
  const int file = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (file >= 0) return file;
  throw Error(Code::resource_exhausted, std::string("no socket for a manager: ") + std::strerror(errno), {},
              "close files, or raise the limit on open files (ulimit -n)");
}

/// Nobody else may give orders, or pose as a manager.
bool is_our_own(int file) {
  ucred peer = {};
  socklen_t bytes = sizeof peer;
  return getsockopt(file, SOL_SOCKET, SO_PEERCRED, &peer, &bytes) == 0 && peer.uid == getuid();
}

// ---- in the manager

class Server : public Host {
 public:
  std::uint64_t add(std::unique_ptr<Hosted> object) override {
    const std::lock_guard lock(mutex_);
    objects_[++last_] = std::move(object);
    return last_;
  }

  [[noreturn]] void listen(int file) {
    for (;;) {
      const int client = accept4(file, nullptr, nullptr, SOCK_CLOEXEC);
      if (client < 0) {
        if (errno != EINTR && errno != ECONNABORTED) std::this_thread::sleep_for(std::chrono::milliseconds(10));
        continue;
      }
      std::thread([this, client] { serve(client); }).detach();
    }
  }

 private:
  struct Answer : Sink {
    void write(const std::function<void(Writer&)>& encode) override {
      Writer counter({});
      encode(counter);
      bytes.resize(counter.used());
      Writer out(bytes);
      encode(out);
    }
    std::vector<std::byte> bytes;
  };

  void serve(int client) {
    Stream stream(client);
    if (!is_our_own(client)) return;
    try {
      for (;;) {
        const Stream::Message call = stream.receive(no_deadline);
        Answer answer;
        const std::uint64_t kind = run(call.bytes, answer);
        stream.send(kind, [&](Writer& out) { out.put(answer.bytes.data(), answer.bytes.size()); });
      }
    } catch (const Error&) {
      // It is gone.
    }
  }

  std::uint64_t run(const std::vector<std::byte>& bytes, Answer& answer) {
    try {
      Reader in(bytes);
      std::uint64_t object = 0;
      CodePlace code;
      in(object, code.module, code.offset);
      const auto run = reinterpret_cast<Runner>(const_cast<void*>(function_at(code)));
      if (object == 0)
        run(static_cast<Host*>(this), in, answer);
      else
        run(find(object), in, answer);
      return a_result;
    } catch (...) {
      const Failure failure = current_failure();
      answer.write([&](Writer& out) { out(failure); });
      return a_failure;
    }
  }

  /// They stay as long as the manager.
  Hosted* find(std::uint64_t object) {
    const std::lock_guard lock(mutex_);
    const auto place = objects_.find(object);
    if (place == objects_.end()) throw Error(Code::invalid_argument, "the manager has no such object");
    return place->second.get();
  }

  std::mutex mutex_;
  std::map<std::uint64_t, std::unique_ptr<Hosted>> objects_;
  std::uint64_t last_ = 0;
};

void be_manager(const Connection& ready, const std::string& name) {
  const int file = new_socket();
  const Address address(name);
  if (bind(file, address.get(), address.bytes) != 0 || listen(file, SOMAXCONN) != 0)
    throw Error(Code::unavailable, std::string("a manager cannot listen: ") + std::strerror(errno));
  ready.send(true);
  ready.close();
  (new Server)->listen(file);
}

// ---- of those who call

[[noreturn]] void has_died() {
  throw ManagerDied(Code::worker_died, "manager_died: the process that had the object is gone, and the object with it",
                    {}, "keep the Manager as long as its proxies; if nobody ended it, it crashed or was killed");
}

/// Connections that nobody uses just now, by address.
struct Idle {
  std::mutex mutex;
  std::multimap<std::string, std::unique_ptr<Stream>> streams;
  pid_t owner = getpid();
};
Idle& idle() {
  static Idle& idle = *new Idle;
  return idle;
}

std::unique_ptr<Stream> take_connection(const std::string& address) {
  {
    Idle& all = idle();
    const std::lock_guard lock(all.mutex);
    if (std::exchange(all.owner, getpid()) != getpid()) all.streams.clear();  // a parent's
    if (auto kept = all.streams.extract(address)) return std::move(kept.mapped());
  }
  auto stream = std::make_unique<Stream>(new_socket());
  const Address there(address);
  int result;
  while ((result = connect(stream->file(), there.get(), there.bytes)) != 0 && errno == EINTR) {
  }
  if (result != 0 || !is_our_own(stream->file())) has_died();
  return stream;
}

void put_back(const std::string& address, std::unique_ptr<Stream> stream) {
  Idle& all = idle();
  const std::lock_guard lock(all.mutex);
  all.streams.emplace(address, std::move(stream));
}

void forget_connections(const std::string& address) {
  Idle& all = idle();
  const std::lock_guard lock(all.mutex);
  all.streams.erase(address);
}

}  // namespace

void Remote::call(CodePlace code, const std::function<void(Writer&)>& encode,
                  const std::function<void(Reader&)>& decode) const {
  if (address_.empty()) throw Error(Code::invalid_argument, "this is a proxy of nothing", {}, "get it from a Manager");
  std::unique_ptr<Stream> stream = take_connection(address_);
  Stream::Message answer;
  try {
    stream->send(a_call, [&](Writer& out) {
      out(object_, code.module, code.offset);
      encode(out);
    });
    answer = stream->receive(no_deadline);
  } catch (const Closed&) {
    if (!protects("manager")) throw;
    forget_connections(address_);
    has_died();
  }
  put_back(address_, std::move(stream));
  Reader in(answer.bytes);
  if (answer.type == a_result) return decode(in);
  Failure failure;
  in(failure);
  failure.task = "a method of an object in a manager";
  failure.text = failure.task + " threw " + failure.causes.at(0).type + ": " + failure.causes[0].message;
  raise(failure);
}

bool ask_until(const std::function<bool()>& is_answered, Duration timeout) {
  constexpr std::int64_t first_ns = 50'000, most_ns = 10'000'000;
  const std::int64_t deadline = deadline_after(timeout);
  for (std::int64_t pause = first_ns; !is_answered(); pause = std::min(2 * pause, most_ns)) {
    const std::int64_t left = deadline - monotonic_ns();
    if (left <= 0) return false;
    std::this_thread::sleep_for(std::chrono::nanoseconds(std::min(left, pause)));
  }
  return true;
}

void HostedNamespace::set(std::string name, Value value) { values.insert_or_assign(std::move(name), std::move(value)); }

HostedNamespace::Value HostedNamespace::get(std::string name, std::uint64_t type) {
  const auto place = values.find(name);
  if (place == values.end()) throw std::out_of_range("the namespace has no " + name);
  if (place->second.type != type) throw std::invalid_argument(name + " is of another type");
  return place->second;
}

}  // namespace detail

struct Manager::State {
  detail::Remote remote;
  Process process;
};

Manager::Manager() {
  constexpr Duration most = std::chrono::seconds(5);
  const std::string address = detail::new_address();
  auto [here, there] = Pipe(false);
  state_.reset(new State{detail::Remote(address, 0),
                         Process({.name = "Manager", .daemon = true}, detail::be_manager, std::move(there), address)});
  state_->process.start();
  if (here.try_recv<bool>(most)) return;
  const auto error = state_->process.error();
  throw Error(Code::unavailable, "the manager did not start" + (error ? ": " + error->text() : std::string()));
}

Manager::Manager(Manager&&) noexcept = default;
Manager::~Manager() {
  if (state_) detail::forget_connections(state_->remote.address());
}

const detail::Remote& Manager::remote() const { return state_->remote; }
pid_t Manager::pid() const { return state_->process.pid(); }

}  // namespace flynn::mp
