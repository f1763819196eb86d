#include <sys/mman.h>

#include <flynn/buffer.hpp>
#include <host/pools/placement.hpp>

namespace flynn {
namespace {

constexpr std::size_t huge_page = std::size_t{2} << 20;

std::size_t round_up(std::size_t bytes, std::size_t unit) { return (bytes + unit - 1) / unit * unit; }

bool is_mapped(std::size_t bytes) { return bytes >= huge_page; }

/// Maps one huge page more than needed and gives back what lies before and behind the aligned part.
void* map_aligned(std::size_t bytes) {
  const std::size_t length = round_up(bytes, huge_page);
  void* const mapped = mmap(nullptr, length + huge_page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mapped == MAP_FAILED) throw std::bad_alloc();
  char* const begin = static_cast<char*>(mapped);
  char* const data = reinterpret_cast<char*>(round_up(reinterpret_cast<std::size_t>(begin), huge_page));
  if (data > begin) munmap(begin, std::size_t(data - begin));
  if (const std::size_t behind = std::size_t(begin + huge_page - data)) munmap(data + length, behind);
  madvise(data, length, MADV_HUGEPAGE);  // a wish: without huge pages everything still works
  return data;
}

}  // namespace

Buffer::Buffer(std::size_t bytes, Placement placement) : bytes_(bytes) {
  if (bytes == 0) return;
  if (bytes > std::size_t(-1) / 2) throw std::bad_alloc();
  data_ = is_mapped(bytes) ? map_aligned(bytes) : ::operator new (bytes, std::align_val_t{64});
  if (is_mapped(bytes)) (void)place(data_, bytes, placement);
}

bool Buffer::is_zeroed() const { return is_mapped(bytes_); }

Buffer::~Buffer() {
  if (!data_) return;
  if (is_mapped(bytes_))
    munmap(data_, round_up(bytes_, huge_page));
  else
    ::operator delete (data_, std::align_val_t{64});
}

}  // namespace flynn
