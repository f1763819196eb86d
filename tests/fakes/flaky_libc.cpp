// A C library of which some calls fail now and then, to be loaded first (LD_PRELOAD): malloc and its kin, mmap, open,
// read, write, sendmsg. Nothing fails before flaky_begin(), which a program finds with dlsym().

#include <dlfcn.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdarg>
#include <cstdint>

extern "C" void* __libc_malloc(std::size_t);
extern "C" void* __libc_calloc(std::size_t, std::size_t);
extern "C" void* __libc_realloc(void*, std::size_t);

namespace {

std::atomic<std::uint64_t> state{0};
std::atomic<unsigned> percent{0}, failures{0};

/// Whether this call fails; the numbers are those of splitmix64.
bool fails(int error) {
  const unsigned share = percent.load(std::memory_order_relaxed);
  if (share == 0) return false;
  std::uint64_t z = state.fetch_add(0x9e3779b97f4a7c15u, std::memory_order_relaxed);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  if ((z ^ (z >> 31)) % 100 >= share) return false;
  failures.fetch_add(1, std::memory_order_relaxed);
  errno = error;
  return true;
}

template <class Function>
Function* real(const char* name) {
  return reinterpret_cast<Function*>(dlsym(RTLD_NEXT, name));
}

}  // namespace

extern "C" {

void flaky_begin(std::uint64_t seed, unsigned share) {
  state = seed * 0x2545f4914f6cdd1du;
  percent = share;
}
/// How many calls have failed.
unsigned flaky_end() {
  percent = 0;
  return failures.exchange(0);
}

void* malloc(std::size_t bytes) { return fails(ENOMEM) ? nullptr : __libc_malloc(bytes); }
void* calloc(std::size_t count, std::size_t bytes) { return fails(ENOMEM) ? nullptr : __libc_calloc(count, bytes); }
void* realloc(void* old, std::size_t bytes) { return fails(ENOMEM) ? nullptr : __libc_realloc(old, bytes); }

void* mmap(void* at, std::size_t bytes, int protection, int flags, int file, off_t offset) {
  static auto* const call = real<void*(void*, std::size_t, int, int, int, off_t)>("mmap");
  return fails(ENOMEM) ? MAP_FAILED : call(at, bytes, protection, flags, file, offset);
}
int open(const char* path, int flags, ...) {
  static auto* const call = real<int(const char*, int, ...)>("open");
  va_list rest;
  va_start(rest, flags);
  const mode_t mode = flags & O_CREAT ? va_arg(rest, mode_t) : 0;
  va_end(rest);
  return fails(EMFILE) ? -1 : call(path, flags, mode);
}
ssize_t read(int file, void* data, std::size_t bytes) {
  static auto* const call = real<ssize_t(int, void*, std::size_t)>("read");
  return fails(EIO) ? -1 : call(file, data, bytes);
}
ssize_t write(int file, const void* data, std::size_t bytes) {
  static auto* const call = real<ssize_t(int, const void*, std::size_t)>("write");
  return fails(ENOSPC) ? -1 : call(file, data, bytes);
}
ssize_t sendmsg(int socket, const msghdr* message, int flags) {
  static auto* const call = real<ssize_t(int, const msghdr*, int)>("sendmsg");
  return fails(ENOBUFS) ? -1 : call(socket, message, flags);
}
}
