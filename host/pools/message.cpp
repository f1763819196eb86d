#include <sys/socket.h>

#include <cerrno>
#include <cstring>

#include <host/pools/message.hpp>
#include <host/pools/protection.hpp>

namespace flynn {
namespace {

/// Room for one descriptor beside a message.
struct Control {
  alignas(cmsghdr) char bytes[CMSG_SPACE(sizeof(int))] = {};
};

}  // namespace

int send_message(int socket, const Message& message, int descriptor) {
  iovec part = {const_cast<Message*>(&message), sizeof message};
  Control control;
  msghdr header = {};
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  if (descriptor >= 0) {
    header.msg_control = control.bytes;
    header.msg_controllen = sizeof control.bytes;
    cmsghdr* const rights = CMSG_FIRSTHDR(&header);
    rights->cmsg_level = SOL_SOCKET;
    rights->cmsg_type = SCM_RIGHTS;
    rights->cmsg_len = CMSG_LEN(sizeof descriptor);
    std::memcpy(CMSG_DATA(rights), &descriptor, sizeof descriptor);
  }
  while (sendmsg(socket, &header, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
    if (errno != EINTR) return errno;
  return 0;
}

bool is_hung_up(int error) { return error == EPIPE || error == ECONNRESET; }

bool receive_message(int socket, Message& message, int& descriptor) {
  iovec part = {&message, sizeof message};
  Control control;
  msghdr header = {};
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  header.msg_control = control.bytes;
  header.msg_controllen = sizeof control.bytes;
  descriptor = -1;
  // That the other end has not read everything is said once, and before its last words.
  const auto goes_on = [] { return (errno == EINTR && protects("interrupted")) || errno == ECONNRESET; };
  ssize_t count;
  while ((count = recvmsg(socket, &header, MSG_CMSG_CLOEXEC)) < 0 && goes_on()) {
  }
  if (count != ssize_t(sizeof message)) return false;
  if (const cmsghdr* rights = CMSG_FIRSTHDR(&header); rights && rights->cmsg_type == SCM_RIGHTS)
    std::memcpy(&descriptor, CMSG_DATA(rights), sizeof descriptor);
  return true;
}

}  // namespace flynn
