#pragma once
// Pipes: two ends that send values to each other, in one process or in two.

#include <cstdint>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include <flynn/mp/sendable.hpp>
#include <flynn/mp/state.hpp>

namespace flynn::mp {

namespace detail {

/// A socket on which messages go: a number that says what it is, and bytes.
class FLYNN_API Stream {
 public:
  struct Message {
    std::uint64_t type;
    std::vector<std::byte> bytes;
  };
  /// Owns the socket.
  explicit Stream(int file);
  ~Stream();
  Stream(const Stream&) = delete;

  /// Waits while the other side has no room. Throws Closed when it is gone. Calls `encode` twice when there is much.
  void send(std::uint64_t type, const std::function<void(Writer&)>& encode);
  /// Throws Closed when the other side is gone and all that it sent was read, TimeoutError at the deadline: what had
  /// come of a message by then is kept for the next call.
  Message receive(std::int64_t deadline);
  /// Whether a message has begun to come, or the other side is gone.
  bool poll(std::int64_t deadline);
  int file() const { return file_; }
  void close();
  /// All of this process, which is a copy of one that has them: else the other sides would not see the end of that.
  static void close_all();

 private:
  bool wait_until(short events, std::int64_t deadline);
  void read_to(std::size_t bytes, std::int64_t deadline);

  std::mutex send_mutex_, receive_mutex_;
  int file_;
  std::vector<std::byte> come_;  ///< of the next message
};

}  // namespace detail

/// One end of a pipe. Copies are the same end, and it closes when the last one goes away; so it does when its process
/// ends, however that comes about. Passed as an argument, it is an end in the other process too: give it away with
/// std::move (or close() it) if its closing shall be noticed.
///
/// Threads may use it at the same time; of two processes that receive from copies of one end, each message goes to one,
/// but a message that both begin to read is damaged, as in Python: for several receivers use a Queue.
class FLYNN_API Connection {
 public:
  /// None: everything but assignment throws.
  Connection() = default;
  /// Takes a connected stream socket over.
  explicit Connection(int file, bool can_receive = true, bool can_send = true);

  /// Waits while there is no room: the kernel holds some 200 KiB. O(bytes). Throws Closed when the other end is gone,
  /// Error `invalid_argument` for an end that only receives.
  template <class T>
  void send(const T& value) const {
    detail::require_sendable<T>();
    sender().send(detail::type_id<T>(), [&](Writer& out) { out(value); });
  }
  void send(const char* text) const { send(std::string(text)); }

  /// The next value, of the very type that was sent. Throws Closed when the other end is gone and everything was
  /// received, TimeoutError, and Error `invalid_argument` when it is of another type (it is lost then). O(bytes).
  template <class T>
  T recv(Duration timeout = forever) const {
    detail::require_sendable<T>();
    const detail::Stream::Message message = receiver().receive(detail::deadline_after(timeout));
    check_type(message.type, detail::type_id<T>());
    Reader in(message.bytes);
    T value{};
    in(value);
    return value;
  }
  template <class T>
  Result<T> try_recv(Duration timeout = forever) const {
    try {
      return recv<T>(timeout);
    } catch (const Error& error) {
      return tl::unexpected(error);
    }
  }

  /// Whether there is something to receive, within that time; also when the other end is gone, which recv() then says.
  bool poll(Duration timeout = Duration(0)) const;
  /// For all copies in this process. Not while another thread uses it.
  void close() const;
  bool closed() const { return !stream_ || stream_->file() < 0; }
  bool readable() const { return can_receive_; }
  bool writable() const { return can_send_; }
  /// The socket, for poll(); belongs to this object. Throws Error when it is closed.
  int fileno() const;

  void save(Writer& out) const;
  void load(Reader& in);

 private:
  detail::Stream& sender() const;
  detail::Stream& receiver() const;
  detail::Stream& open_stream() const;
  static void check_type(std::uint64_t sent, std::uint64_t asked);

  std::shared_ptr<detail::Stream> stream_;
  bool can_receive_ = false, can_send_ = false;
};

/// Two ends. Duplex: both send and receive; else the first one receives and the second one sends. Costs two
/// descriptors. Throws Error `resource_exhausted` when there are none.
///
///     auto [here, there] = mp::Pipe();
///     mp::Process process(answer, std::move(there));
FLYNN_API std::pair<Connection, Connection> Pipe(bool duplex = true);

}  // namespace flynn::mp
