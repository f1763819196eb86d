#pragma once
#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <new>
#include <vector>

#include <flynn/buffer.hpp>

namespace flynn::samples {

/// Where the buffers of a sample come from.
class Memory {
 public:
  virtual ~Memory() = default;
  /// `alignment`: of the elements, at most 64.
  virtual void* take(std::size_t bytes, std::size_t alignment) = 0;
};

/// Plain buffers, with huge pages when they are large.
class Buffers : public Memory {
 public:
  void* take(std::size_t bytes, std::size_t) override {
    buffers_.emplace_back(bytes);
    return buffers_.back().data();
  }

 private:
  std::vector<Buffer> buffers_;
};

/// Buffers beside pages that may not be touched: one that reads or writes a byte too many crashes. `shift` < 64
/// elements of the widest type moves the start off every alignment; with `at_end` the last byte lies right before a
/// guard page.
class GuardedMemory : public Memory {
 public:
  GuardedMemory(bool at_end, std::size_t shift) : at_end_(at_end), shift_(shift) {}
  ~GuardedMemory() override {
    for (const Mapping& m : mappings_) munmap(m.begin, m.length);
  }

  void* take(std::size_t bytes, std::size_t alignment) override {
    const std::size_t shift = (shift_ + alignment - 1) / alignment * alignment;
    const std::size_t page = std::size_t(sysconf(_SC_PAGESIZE)), middle = (bytes + shift + page) / page * page;
    const std::size_t length = middle + 2 * page;
    void* const mapped = mmap(nullptr, length, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (mapped == MAP_FAILED) throw std::bad_alloc();
    char* const begin = static_cast<char*>(mapped);
    mappings_.push_back({begin, length});
    if (mprotect(begin + page, middle, PROT_READ | PROT_WRITE) != 0) throw std::bad_alloc();
    return at_end_ ? begin + page + middle - bytes : begin + page + shift;
  }

 private:
  struct Mapping {
    char* begin;
    std::size_t length;
  };
  bool at_end_;
  std::size_t shift_;
  std::vector<Mapping> mappings_;
};

}  // namespace flynn::samples
