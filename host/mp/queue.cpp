#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <host/mp/queue_core.hpp>
#include <string>

#include <flynn/mp/queue.hpp>

namespace flynn::mp {
namespace {

constexpr std::uint64_t our_magic = 0x65756575716e796c;
constexpr const char* memory_cure =
    "free memory, raise the memory limit of the control group, or make the queue smaller";

[[noreturn]] void no_memory(std::size_t bytes, int error) {
  throw Error(Code::out_of_memory,
              "no shared memory of " + std::to_string(bytes) + " bytes for a queue: " + std::strerror(error), {},
              memory_cure);
}

std::size_t whole_pages(std::size_t bytes) {
  static const std::size_t page = std::size_t(sysconf(_SC_PAGESIZE));
  return (bytes + page - 1) / page * page;
}

/// A piece of the file, with all its pages.
class Extent {
 public:
  /// One that is there.
  Extent(int file, std::uint64_t offset, std::size_t bytes) : file_(file), offset_(off_t(offset)), bytes_(bytes) {
    data_ = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, file, offset_);
    if (data_ == MAP_FAILED) no_memory(bytes, errno);
  }
  Extent(const Extent&) = delete;
  ~Extent() {
    munmap(data_, bytes_);
    if (!is_kept_) free(file_, std::uint64_t(offset_), bytes_);
  }
  std::span<std::byte> bytes() const { return {static_cast<std::byte*>(data_), bytes_}; }
  void keep() { is_kept_ = true; }

  static void reserve(int file, std::uint64_t offset, std::size_t bytes) {
    int error;
    while ((error = posix_fallocate(file, off_t(offset), off_t(bytes))) == EINTR) {
    }
    if (error != 0) no_memory(bytes, error);
  }
  static void free(int file, std::uint64_t offset, std::size_t bytes) {
    fallocate(file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, off_t(offset), off_t(whole_pages(bytes)));
  }

 private:
  const int file_;
  const off_t offset_;
  const std::size_t bytes_;
  void* data_;
  bool is_kept_ = false;
};

/// Of one that lies in the queue.
std::span<const std::byte> bytes_in(const Item& item) {
  return {item.data, std::min<std::size_t>(item.bytes, Item::room)};
}

/// Compares items wherever they lie.
struct LessItems {
  detail::QueueState::Less less;
  int file;

  bool operator()(const Item& a, const Item& b) const {
    return with(a, [&](Reader& first) { return with(b, [&](Reader& second) { return less(first, second); }); });
  }
  template <class Use>
  bool with(const Item& item, const Use& use) const {
    std::optional<Extent> extent;
    if (item.extent != 0) extent.emplace(file, item.extent, item.bytes).keep();
    Reader in(extent ? extent->bytes() : bytes_in(item));
    return use(in);
  }
};

}  // namespace

namespace detail {

struct QueueState::Shared {
  int file = -1;
  QueueBoard* board = nullptr;
  std::size_t bytes = 0;
  Less less = nullptr;

  Shared() = default;
  Shared(const Shared&) = delete;
  ~Shared() {
    if (board) munmap(board, bytes);
    if (file >= 0) ::close(file);
  }
  void map(std::size_t size) {
    void* const data = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, file, 0);
    if (data == MAP_FAILED) no_memory(size, errno);
    board = static_cast<QueueBoard*>(data);
    bytes = size;
  }
  QueueCore<LessItems> core() { return {*board, {less, file}}; }
};

QueueState::QueueState(QueueOrder order, std::size_t capacity, std::uint64_t type, Less less) : shared_(new Shared) {
  constexpr std::size_t most = std::size_t{1} << 31;
  if (capacity == 0 || capacity > most)
    throw Error(Code::invalid_argument, "a queue has room for 1 to 2^31 items, not " + std::to_string(capacity));
  Shared& s = *shared_;
  s.less = less;
  s.file = memfd_create("flynn", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  if (s.file < 0)
    throw Error(Code::resource_exhausted, std::string("no file descriptor for a queue: ") + std::strerror(errno), {},
                "close files, or raise the limit on open files (ulimit -n)");
  const std::size_t bytes = whole_pages(QueueBoard::bytes_for(capacity));
  Extent::reserve(s.file, 0, bytes);
  s.map(bytes);
  QueueBoard& board = *new (s.board) QueueBoard();
  QueueCore<LessItems>::init(board, order, capacity);
  board.next_extent = bytes;
  board.type = type;
  board.magic = our_magic;
  fcntl(s.file, F_ADD_SEALS, F_SEAL_SHRINK);  // large items make it grow
}

QueueState::QueueState(int file, QueueOrder order, std::uint64_t type, Less less) : shared_(new Shared) {
  Shared& s = *shared_;
  s.less = less;
  s.file = file;
  struct stat facts = {};
  QueueBoard head;
  const bool is_ours = fstat(file, &facts) == 0 && (fcntl(file, F_GET_SEALS) & F_SEAL_SHRINK) != 0 &&
                       pread(file, &head, sizeof head, 0) == ssize_t(sizeof head) && head.magic == our_magic &&
                       head.order == order && head.type == type &&
                       head.capacity <= std::uint64_t(facts.st_size) / sizeof(Item) &&
                       QueueBoard::bytes_for(head.capacity) <= std::uint64_t(facts.st_size);
  if (!is_ours) throw Error(Code::internal, "what was passed as a queue is none of this type");
  s.map(whole_pages(QueueBoard::bytes_for(head.capacity)));
}

QueueState::~QueueState() = default;

namespace {

void check(Outcome outcome, const char* late) {
  if (outcome == Outcome::closed) throw Closed(Code::unavailable, "the queue is closed");
  if (outcome == Outcome::done) return;
  const std::string text = std::string("the queue was ") + late + " all that time";
  if (*late == 'f') throw Full(Code::deadline_exceeded, text);
  throw Empty(Code::deadline_exceeded, text);
}

}  // namespace

void QueueState::put(const std::function<void(Writer&)>& encode, Duration timeout) {
  Shared& s = *shared_;
  Item item;
  Writer out(item.data);
  encode(out);
  item.bytes = out.used();
  item.extent = 0;
  std::optional<Extent> extent;
  if (!out.fits()) {
    item.extent = s.board->next_extent.fetch_add(whole_pages(item.bytes), std::memory_order_relaxed);
    Extent::reserve(s.file, item.extent, item.bytes);
    extent.emplace(s.file, item.extent, item.bytes);
    Writer again(extent->bytes());
    encode(again);
    if (again.used() != item.bytes) throw Error(Code::invalid_argument, "an item was written with two different sizes");
  }
  check(s.core().put(item, deadline_after(timeout)), "full");
  if (extent) extent->keep();
}

void QueueState::get(const std::function<void(Reader&)>& decode, Duration timeout) {
  Shared& s = *shared_;
  Item item;
  check(s.core().get(item, deadline_after(timeout)), "empty");
  if (item.extent != 0) {
    const Extent extent(s.file, item.extent, item.bytes);
    Reader in(extent.bytes());
    return decode(in);
  }
  Reader in(bytes_in(item));
  decode(in);
}

std::size_t QueueState::size() const { return std::min(shared_->board->size(), shared_->board->capacity); }
std::size_t QueueState::capacity() const { return shared_->board->capacity; }
void QueueState::close() { shared_->core().close(); }
bool QueueState::is_closed() const { return shared_->board->is_closed.load() != 0; }
int QueueState::file() const { return shared_->file; }
bool QueueState::join(Duration timeout) { return shared_->core().join(deadline_after(timeout)); }

void QueueState::task_done() {
  if (!shared_->core().task_done())
    throw Error(Code::invalid_argument, "task_done() was called more often than items were put");
}

void no_queue() {
  throw Error(Code::invalid_argument, "this is no queue", {},
              "make it with its size: flynn::mp::Queue<int> queue(100)");
}

}  // namespace detail

}  // namespace flynn::mp
