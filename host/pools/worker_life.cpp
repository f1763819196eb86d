#include <sys/prctl.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>

#include <host/pools/child.hpp>
#include <host/pools/insist.hpp>
#include <host/pools/mappings.hpp>
#include <host/pools/protection.hpp>
#include <host/pools/worker_life.hpp>

namespace flynn {

void settle_in(pid_t parent) {
  if (protects("deathsignal")) prctl(PR_SET_PDEATHSIG, SIGKILL);
  // The parent may have gone before the first line. No answer is needed then.
  if (getppid() != parent) _exit(no_pool);
}

void refuse(const char* format, const char* own, const char* other) {
  Message refusal{.kind = Message::Kind::refuse};
  std::snprintf(refusal.text, sizeof refusal.text, format, own, other);
  send_message(child_fd, refusal);
  _exit(wrong_build);
}

Message receive_welcome(int& file) {
  Message welcome;
  if (!receive_message(child_fd, welcome, file)) _exit(no_pool);
  return welcome;
}

void watch_program() {
  Message message;
  for (int file; receive_message(child_fd, message, file);) {
    if (message.kind == Message::Kind::map && file >= 0)
      insist([&] { add_mapping(the_pool, message.id, file, message.bytes); });
    if (message.kind == Message::Kind::enclosure) insist([&] { add_mapping(the_caller, message.id, file, 0); });
    if (message.kind == Message::Kind::unmap) remove_mapping(the_pool, message.id);
  }
  while (!protects("watchdog")) pause();
  _exit(0);
}

}  // namespace flynn
