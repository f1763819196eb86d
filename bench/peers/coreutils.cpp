// `factor` of GNU coreutils: the whole program on a file, its start, reading and writing of decimal text included. On
// several threads it is started as often, each with its share of the numbers.

#include <fcntl.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <charconv>
#include <cstdlib>
#include <string>

#include <bench/peers/rows.hpp>

extern char** environ;

namespace flynn::bench {
namespace {

unsigned threads = 1;

/// A file in memory.
class File {
 public:
  File() : descriptor_(memfd_create("numbers", MFD_CLOEXEC)) {}
  File(File&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  ~File() { close(descriptor_); }
  /// From its start again.
  int rewound() const {
    lseek(descriptor_, 0, SEEK_SET);
    return descriptor_;
  }
  void write_all(const std::string& text) const {
    for (std::size_t at = 0; at < text.size();) {
      const ssize_t done = pwrite(descriptor_, text.data() + at, text.size() - at, off_t(at));
      if (done <= 0) std::abort();
      at += std::size_t(done);
    }
  }
  std::string read_all() const {
    std::string text(std::size_t(lseek(descriptor_, 0, SEEK_END)), '\0');
    for (std::size_t at = 0; at < text.size();) {
      const ssize_t done = pread(descriptor_, text.data() + at, text.size() - at, off_t(at));
      if (done <= 0) std::abort();
      at += std::size_t(done);
    }
    return text;
  }
  void clear() const {
    if (ftruncate(descriptor_, 0) != 0) std::abort();
  }

 private:
  int descriptor_;
};

struct Part {
  File in, out;
};
std::vector<Part> parts;

void write_numbers(const void* spec) {
  const Numbers& w = *static_cast<const Numbers*>(spec);
  parts.clear();
  for (unsigned i = 0; i < threads; ++i) {
    std::string text;
    for (std::size_t j = part_begin(w.numbers.size(), i, threads); j < part_begin(w.numbers.size(), i + 1, threads);
         ++j)
      text += std::to_string(w.numbers[j]) + "\n";
    parts.emplace_back().in.write_all(text);
  }
}

pid_t start(const Part& part) {
  part.out.clear();
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, part.in.rewound(), STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, part.out.rewound(), STDOUT_FILENO);
  char name[] = "factor";
  char* const arguments[] = {name, nullptr};
  pid_t child = -1;
  if (posix_spawnp(&child, name, &actions, nullptr, arguments, environ) != 0) std::abort();
  posix_spawn_file_actions_destroy(&actions);
  return child;
}

void factorize(Numbers&) {
  std::vector<pid_t> children;
  for (const Part& part : parts) children.push_back(start(part));
  for (pid_t child : children) {
    int status = 0;
    if (waitpid(child, &status, 0) != child || status != 0) std::abort();
  }
}

/// "12: 2 2 3"
void read_rows(void* spec) {
  Numbers& w = *static_cast<Numbers*>(spec);
  for (unsigned i = 0; i < parts.size(); ++i) {
    const std::string text = parts[i].out.read_all();
    Rows rows(w, part_begin(w.numbers.size(), i, unsigned(parts.size())));
    for (const char *at = text.data(), *end = at + text.size(); at < end; ++at) {
      rows.begin();
      at = std::find(at, end, ':') + 1;
      std::uint64_t last = 0, prime = 0;
      unsigned exponent = 0;
      for (; at < end && *at == ' '; last = prime) {
        at = std::from_chars(at + 1, end, prime).ptr;
        if (last != 0 && prime != last) rows.add(last, std::exchange(exponent, 0));
        ++exponent;
      }
      if (exponent > 0) rows.add(last, exponent);
      rows.end();
    }
  }
}

constexpr PeerKernel kernels[] = {[] {
  PeerKernel kernel = peer_kernel<Numbers, factorize>();
  kernel.before = write_numbers;
  kernel.after = read_rows;
  return kernel;
}()};

}  // namespace
}  // namespace flynn::bench

const flynn::bench::Peer flynn_peer = {
    .version = flynn::bench::Peer::current,
    .build_id = FLYNN_BUILD_ID,
    .name = "coreutils",
    .release = [] { return "factor: the whole process, from a file to a file"; },
    .use_threads = [](unsigned threads) { flynn::bench::threads = threads; },
    .kernels = flynn::bench::kernels,
};
