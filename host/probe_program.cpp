// flynn-probe MODULE: opens a module and probes its devices, so that a driver that crashes, exits or hangs does that
// here and not in the program of a user. Answers on file descriptor 3 (host/probe.cpp reads it): 'K', or 'F' and two
// zero-terminated strings, what is wrong and what cures it.
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <cstring>

#include <flynn/backend.hpp>
#include <host/probe.hpp>

namespace {

[[noreturn]] void answer(char verdict, const char* message = "", const char* cure = "") {
  char line[1 + 2 * sizeof(flynn::Text::message)] = {verdict};
  char* end = line + 1;
  for (const char* text : {message, cure}) {
    const std::size_t length = strnlen(text, sizeof(flynn::Text::message) - 1);
    end = std::copy(text, text + length, end);
    *end++ = '\0';
  }
  const ssize_t written = write(flynn::probe_answer_fd, line, std::size_t(end - line));
  _exit(written == end - line ? 0 : 1);  // without what drivers do at exit
}

/// Why the library of the driver cannot be loaded; null when it can, or when none was named.
const char* load_error() {
  const char* const library = std::getenv(flynn::probe_library_variable);
  return library && *library && !dlopen(library, RTLD_LAZY | RTLD_LOCAL) ? dlerror() : nullptr;
}

}  // namespace

int main(int count, char** arguments) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  alarm(2 * flynn::probe_seconds);  // should the parent have gone before that
  const rlimit no_core = {0, 0};
  setrlimit(RLIMIT_CORE, &no_core);
  fcntl(flynn::probe_answer_fd, F_SETFD, FD_CLOEXEC);
  if (count != 2) return 2;
  void* const handle = dlopen(arguments[1], RTLD_NOW | RTLD_LOCAL);
  if (!handle) answer('F', dlerror(), "install the driver libraries that it names");
  auto* const entry = reinterpret_cast<flynn::BackendEntry*>(dlsym(handle, flynn::backend_entry_name));
  // The library checks module and version itself, before it trusts them.
  const flynn::Backend* const backend = entry ? entry() : nullptr;
  if (!backend || backend->api_version != flynn::backend_api_version ||
      std::strcmp(backend->build_id, FLYNN_BUILD_ID) != 0)
    answer('K');
  flynn::Text text;
  if (backend->probe(text).ok()) answer('K');
  if (const char* const error = load_error()) answer('F', error, "install the driver anew, or remove it");
  answer('F', text.message, text.hint);
}
