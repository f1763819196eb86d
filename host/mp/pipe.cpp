#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <set>
#include <utility>

#include <flynn/execution.hpp>
#include <flynn/mp/pipe.hpp>

namespace flynn::mp {
namespace {

constexpr std::uint32_t our_magic = 0x70697065;

struct Head {
  std::uint32_t magic, zero;
  std::uint64_t type, bytes;
};

/// Those of this process.
struct Streams {
  std::mutex mutex;
  std::set<detail::Stream*> all;
};
Streams& streams() {
  static Streams& streams = *new Streams;
  return streams;
}

[[noreturn]] void is_gone(const char* what) {
  throw Closed(Code::unavailable, std::string("the pipe is closed: ") + what, {},
               "its other end was closed, or the process that had it has ended");
}

[[noreturn]] void is_misused(const char* what) { throw Error(Code::invalid_argument, what); }

}  // namespace

namespace detail {

std::uint64_t hash_of(const char* text) {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (; *text; ++text) hash = (hash ^ static_cast<unsigned char>(*text)) * 0x100000001b3;
  return hash;
}

Stream::Stream(int file) : file_(file) {
  const std::lock_guard lock(streams().mutex);
  streams().all.insert(this);
}

Stream::~Stream() {
  const std::lock_guard lock(streams().mutex);
  streams().all.erase(this);
  close();
}

void Stream::close_all() {
  for (Stream* stream : streams().all) stream->close();
}

void Stream::close() {
  if (file_ >= 0) ::close(std::exchange(file_, -1));
}

/// Says whether it came before the deadline; that the other side is gone counts too.
bool Stream::wait_until(short events, std::int64_t deadline) {
  for (pollfd socket = {file_, events, 0};;) {
    timespec limit = {};
    if (deadline != no_deadline) {
      const std::int64_t left = std::max<std::int64_t>(0, deadline - monotonic_ns());
      limit = {time_t(left / 1'000'000'000), long(left % 1'000'000'000)};
    }
    const int count = ppoll(&socket, 1, deadline == no_deadline ? nullptr : &limit, nullptr);
    if (count >= 0) return count > 0;
    if (errno != EINTR) is_gone(std::strerror(errno));
  }
}

void Stream::send(std::uint64_t type, const std::function<void(Writer&)>& encode) {
  std::byte room[4096];
  Writer out({room + sizeof(Head), sizeof room - sizeof(Head)});
  encode(out);
  Head head = {our_magic, 0, type, out.used()};
  std::vector<std::byte> large;
  std::span<std::byte> message(room);
  if (!out.fits()) {
    large.resize(sizeof head + out.used());
    message = large;
    Writer again(message.subspan(sizeof head));
    encode(again);
    if (again.used() != out.used()) is_misused("a value was written with two different sizes");
  }
  std::memcpy(message.data(), &head, sizeof head);
  message = message.first(sizeof head + out.used());
  const std::lock_guard lock(send_mutex_);
  while (!message.empty()) {
    const ssize_t sent = ::send(file_, message.data(), message.size(), MSG_NOSIGNAL);
    if (sent >= 0)
      message = message.subspan(std::size_t(sent));
    else if (errno == EAGAIN)
      wait_until(POLLOUT, no_deadline);
    else if (errno != EINTR)
      is_gone("nobody can receive this");
  }
}

/// Reads until so many bytes of the message are there. In pieces: a size that is damaged costs no memory.
void Stream::read_to(std::size_t bytes, std::int64_t deadline) {
  constexpr std::size_t most_at_once = std::size_t{256} << 10;
  while (come_.size() < bytes) {
    if (!wait_until(POLLIN, deadline)) throw TimeoutError(Code::deadline_exceeded, "nothing came in time");
    const std::size_t had = come_.size();
    come_.resize(had + std::min(bytes - had, most_at_once));
    const ssize_t count = ::recv(file_, come_.data() + had, come_.size() - had, MSG_DONTWAIT);
    const int error = errno;
    come_.resize(had + std::size_t(std::max<ssize_t>(count, 0)));
    if (count == 0) is_gone(had == 0 ? "nothing will come any more" : "it ended in the middle of a value");
    if (count < 0 && error != EINTR && error != EAGAIN) is_gone(std::strerror(error));
  }
}

Stream::Message Stream::receive(std::int64_t deadline) {
  const std::lock_guard lock(receive_mutex_);
  Head head;
  read_to(sizeof head, deadline);
  std::memcpy(&head, come_.data(), sizeof head);
  if (head.magic != our_magic || head.zero != 0 || head.bytes > std::size_t(-1) / 2)
    throw Error(Code::internal, "what came through the pipe is no value: something else wrote to its socket");
  read_to(sizeof head + std::size_t(head.bytes), deadline);
  come_.erase(come_.begin(), come_.begin() + sizeof head);
  return {head.type, std::exchange(come_, {})};
}

bool Stream::poll(std::int64_t deadline) { return !come_.empty() || wait_until(POLLIN, deadline); }

}  // namespace detail

Connection::Connection(int file, bool can_receive, bool can_send)
    : stream_(std::make_shared<detail::Stream>(file)), can_receive_(can_receive), can_send_(can_send) {}

detail::Stream& Connection::open_stream() const {
  if (closed()) is_misused("this end of the pipe is closed");
  return *stream_;
}

detail::Stream& Connection::sender() const {
  if (!closed() && !can_send_) is_misused("this end of the pipe only receives");
  return open_stream();
}

detail::Stream& Connection::receiver() const {
  if (!closed() && !can_receive_) is_misused("this end of the pipe only sends");
  return open_stream();
}

void Connection::check_type(std::uint64_t sent, std::uint64_t asked) {
  if (sent != asked) is_misused("the value that came through the pipe is not of the type that was asked for");
}

bool Connection::poll(Duration timeout) const { return receiver().poll(detail::deadline_after(timeout)); }

void Connection::close() const {
  if (stream_) stream_->close();
}

int Connection::fileno() const { return open_stream().file(); }

void Connection::save(Writer& out) const {
  out(can_receive_, can_send_);
  out.enclose(fileno());
}

void Connection::load(Reader& in) {
  in(can_receive_, can_send_);
  stream_ = std::make_shared<detail::Stream>(in.enclosed());
}

std::pair<Connection, Connection> Pipe(bool duplex) {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
    throw Error(Code::resource_exhausted, std::string("no pipe: ") + std::strerror(errno), {},
                "close files, or raise the limit on open files (ulimit -n)");
  return {Connection(ends[0], true, duplex), Connection(ends[1], duplex, true)};
}

}  // namespace flynn::mp
