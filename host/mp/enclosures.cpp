#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstring>
#include <map>
#include <mutex>

#include <host/mp/enclosures.hpp>
#include <host/pools/child.hpp>
#include <host/pools/mappings.hpp>
#include <host/pools/message.hpp>

namespace flynn::mp {
namespace {

/// How long a descriptor may take from one process to another.
constexpr std::int64_t most_ns = 5'000'000'000;

struct Kept {
  std::mutex mutex;
  std::map<std::uint64_t, int> files;
};
Kept& kept() {
  static Kept& kept = *new Kept;
  return kept;
}

std::uint64_t next_id() {
  static std::atomic<std::uint64_t> last{0};
  return ++last;
}

}  // namespace

void Writer::enclose(int file) {
  if (!enclosures_)
    throw Error(Code::unsupported, "what has a descriptor (a Connection, a Queue, shared data) cannot be sent here", {},
                "pass it as an argument of a Process or of a task of a Pool");
  const Enclosure enclosure = {next_id(), file};
  enclosures_->push_back(enclosure);
  put(&enclosure.id, sizeof enclosure.id);
}

int Reader::enclosed() {
  std::uint64_t id = 0;
  get(&id, sizeof id);
  const int file = take_file_ ? take_file_(id) : -1;
  if (file < 0)
    throw Error(Code::resource_exhausted, "the descriptor of an argument did not come", {},
                "close files, or raise the limit on open files (ulimit -n)");
  return file;
}

KeptEnclosures::KeptEnclosures(const std::vector<Enclosure>& enclosures) : KeptEnclosures() {
  Kept& all = kept();
  const std::lock_guard lock(all.mutex);
  for (const auto& [id, file] : enclosures) {
    const int copy = fcntl(file, F_DUPFD_CLOEXEC, 0);
    if (copy < 0)
      throw Error(Code::resource_exhausted, std::string("cannot pass a descriptor: ") + std::strerror(errno), {},
                  "close files, or raise the limit on open files (ulimit -n)");
    all.files[id] = copy;
    ids_.push_back(id);
  }
}

KeptEnclosures::~KeptEnclosures() {
  if (ids_.empty()) return;
  Kept& all = kept();
  const std::lock_guard lock(all.mutex);
  for (const std::uint64_t id : ids_)
    if (const auto place = all.files.find(id); place != all.files.end()) {
      close(place->second);
      all.files.erase(place);
    }
}

void send_enclosure(int socket, std::uint64_t id) {
  Kept& all = kept();
  const std::lock_guard lock(all.mutex);
  const auto place = all.files.find(id);
  send_message(socket, {.kind = Message::Kind::enclosure, .id = id}, place == all.files.end() ? -1 : place->second);
}

int take_enclosure(std::uint64_t id) { return take_file(the_caller, id, most_ns); }

int fetch_enclosure(std::uint64_t id) {
  if (send_message(child_fd, {.kind = Message::Kind::want, .id = id}) != 0) return -1;
  return take_enclosure(id);
}

}  // namespace flynn::mp
