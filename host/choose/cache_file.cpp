#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <thread>

#include <host/choose/cache_file.hpp>

namespace flynn {
namespace {

constexpr off_t most_bytes = off_t{16} << 20;

/// Closes itself.
class File {
 public:
  explicit File(int descriptor) : descriptor_(descriptor) {}
  ~File() {
    if (descriptor_ >= 0) close(descriptor_);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  operator int() const { return descriptor_; }

 private:
  int descriptor_;
};

[[noreturn]] void refuse(const std::string& what, const std::string& path, const std::string& why) {
  std::string words = what;
  throw Error(Code::unavailable, words.append(" ").append(path).append(": ").append(why), {},
              "set XDG_CACHE_HOME to a folder of your own");
}

/// Why others could have written it; null when they cannot.
const char* danger_of(const struct stat& facts, mode_t forbidden) {
  if (facts.st_uid != geteuid()) return "it belongs to somebody else";
  if (facts.st_mode & forbidden) return forbidden == 077 ? "others may enter it" : "others may write it";
  return nullptr;
}

int open_folder(const std::string& folder) {
  return open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

CacheFile unsafe(const char* reason) { return {CacheFile::State::unsafe, {}, reason}; }

CacheFile read_all(int file, off_t bytes) {
  CacheFile result{CacheFile::State::safe, std::string(std::size_t(bytes), '\0')};
  std::size_t done = 0;
  while (done < result.text.size()) {
    const ssize_t got = read(file, result.text.data() + done, result.text.size() - done);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return {CacheFile::State::damaged, {}, "it cannot be read to its end"};
    done += std::size_t(got);
  }
  return result;
}

void make_folders(const std::string& folder) {
  for (std::size_t end = folder.find('/', 1);; end = folder.find('/', end + 1)) {
    const std::string part = folder.substr(0, end);
    if (mkdir(part.c_str(), 0700) != 0 && errno != EEXIST) refuse("cannot make", part, std::strerror(errno));
    if (end == std::string::npos) return;
  }
}

void take_turn(int lock, const std::string& folder) {
  using clock = std::chrono::steady_clock;
  const auto deadline = clock::now() + std::chrono::seconds(5);
  while (flock(lock, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK && errno != EINTR) refuse("cannot lock", folder, std::strerror(errno));
    if (clock::now() > deadline) refuse("cannot lock", folder, "another program has held it for 5 s");
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
}

void write_all(int file, const std::string& text, const std::string& path) {
  for (std::size_t done = 0; done < text.size();) {
    const ssize_t put = write(file, text.data() + done, text.size() - done);
    if (put < 0 && errno != EINTR) refuse("cannot write", path, std::strerror(errno));
    if (put > 0) done += std::size_t(put);
  }
  if (fsync(file) != 0) refuse("cannot write", path, std::strerror(errno));
}

}  // namespace

std::string cache_folder() {
  const char* const cache = secure_getenv("XDG_CACHE_HOME");
  if (cache && cache[0] == '/') return std::string(cache) + "/flynn";
  const char* const home = secure_getenv("HOME");
  return home && home[0] == '/' ? std::string(home) + "/.cache/flynn" : "";
}

CacheFile read_cache_file(const std::string& folder, const char* name) {
  if (folder.empty()) return {};
  const File directory(open_folder(folder));
  if (directory < 0) return errno == ENOENT ? CacheFile{} : unsafe("its folder is a link or cannot be opened");
  struct stat facts;
  if (fstat(directory, &facts) != 0) return unsafe("its folder cannot be looked at");
  if (danger_of(facts, 077)) return unsafe("others may enter its folder, or own it");
  const File file(openat(directory, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  if (file < 0) return errno == ENOENT ? CacheFile{} : unsafe("it is a link or cannot be opened");
  if (fstat(file, &facts) != 0 || !S_ISREG(facts.st_mode)) return unsafe("it is no plain file");
  if (const char* danger = danger_of(facts, 022)) return unsafe(danger);
  if (facts.st_nlink > 1) return unsafe("it has another name too");
  if (facts.st_size > most_bytes) return {CacheFile::State::damaged, {}, "it has more than 16 MiB"};
  return read_all(file, facts.st_size);
}

void write_cache_file(const std::string& folder, const char* name, const std::string& text) {
  if (folder.empty()) refuse("cannot write", name, "neither XDG_CACHE_HOME nor HOME is an absolute path");
  make_folders(folder);
  const File directory(open_folder(folder));
  struct stat facts;
  if (directory < 0 || fstat(directory, &facts) != 0) refuse("cannot open", folder, std::strerror(errno));
  if (const char* danger = danger_of(facts, 077)) refuse("will not write to", folder, danger);
  const File lock(openat(directory, "lock", O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (lock < 0) refuse("cannot lock", folder, std::strerror(errno));
  take_turn(lock, folder);
  const std::string path = folder + "/" + name, temporary = std::string(name) + ".new";
  (void)unlinkat(directory, temporary.c_str(), 0);  // of a writer that was killed: it had the lock
  const File file(openat(directory, temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (file < 0) refuse("cannot write", path, std::strerror(errno));
  write_all(file, text, path);
  if (renameat(directory, temporary.c_str(), directory, name) != 0) refuse("cannot write", path, std::strerror(errno));
}

}  // namespace flynn
