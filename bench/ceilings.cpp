#include <sched.h>
#include <sys/mman.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <functional>
#include <thread>
#include <utility>
#include <variant>
#include <vector>

#include <bench/ceiling_loops.hpp>
#include <bench/ceilings.hpp>
#include <bench/clock.hpp>
#include <bench/statistics.hpp>

namespace flynn::bench {

#if defined(__x86_64__)
extern const Loops loops_sse2, loops_avx2, loops_avx512;
std::span<const Loops* const> all_loops() {
  static constexpr const Loops* all[] = {&loops_sse2, &loops_avx2, &loops_avx512};
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw")) return all;
  return std::span(all).first(__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") ? 2 : 1);
}
#else
extern const Loops loops_neon64;
std::span<const Loops* const> all_loops() {
  static constexpr const Loops* all[] = {&loops_neon64};
  return all;
}
#endif

namespace {

std::vector<int> allowed_cpus() {
  std::vector<int> cpus;
  cpu_set_t mask;
  if (sched_getaffinity(0, sizeof mask, &mask) == 0)
    for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu)
      if (CPU_ISSET(cpu, &mask)) cpus.push_back(cpu);
  return cpus;
}

void pin(const std::vector<int>& cpus, unsigned index) {
  if (index >= cpus.size()) return;
  cpu_set_t mask;
  CPU_ZERO(&mask);
  CPU_SET(cpus[index], &mask);
  sched_setaffinity(0, sizeof mask, &mask);  // refused: then it runs unpinned, which is a lower ceiling
}

/// Runs body(thread) on `threads` pinned threads that start each block together, and gives for each block
/// sum(amounts) / (last end - first begin).
std::vector<double> rates(unsigned threads, int blocks, const std::function<double(unsigned)>& body) {
  struct Part {
    double begin, end, amount;
  };
  std::vector<std::vector<Part>> parts(threads, std::vector<Part>(std::size_t(blocks)));
  std::atomic<unsigned> arrived{0};
  const std::vector<int> cpus = allowed_cpus();
  auto work = [&](unsigned thread) {
    pin(cpus, thread);
    for (int block = 0; block < blocks; ++block) {
      arrived.fetch_add(1);
      while (arrived.load() < threads * unsigned(block + 1))
        if (threads > cpus.size()) std::this_thread::yield();
      const double begin = now();
      const double amount = body(thread);
      parts[thread][std::size_t(block)] = {begin, now(), amount};
    }
  };
  {
    std::vector<std::jthread> team;
    for (unsigned thread = 0; thread < threads; ++thread) team.emplace_back(work, thread);
  }
  std::vector<double> rates;
  for (int block = 1; block < blocks; ++block) {  // the first one warms up
    double begin = parts[0][std::size_t(block)].begin, end = 0, amount = 0;
    for (const auto& own : parts) {
      const Part& part = own[std::size_t(block)];
      begin = std::min(begin, part.begin);
      end = std::max(end, part.end);
      amount += part.amount;
    }
    rates.push_back(amount / (end - begin));
  }
  return rates;
}

const Loops& loops_for(std::string_view isa) {
  const auto found = std::ranges::find(all_loops(), isa, &Loops::isa);
  return found == all_loops().end() ? *all_loops().back() : **found;
}

constexpr std::size_t line = 64;

std::string_view shape_of(const Traffic& t) {
  if (t.writes == 1 && t.updates == 0 && t.reads == 1) return "copy";
  if (t.writes == 1 && t.updates == 0 && t.reads == 2) return "triad";
  if (t.writes == 0 && t.updates == 1 && t.reads == 1) return "axpy";
  if (t.writes == 0 && t.updates == 1 && t.reads == 0) return "update";
  if (t.writes == 0 && t.updates == 0 && t.reads == 1) return "read";
  if (t.writes == 0 && t.updates == 0 && t.reads == 2) return "read 2";
  return {};
}

/// Memory in pages of 4 KiB.
class SmallPages {
 public:
  explicit SmallPages(std::size_t bytes)
      : bytes_(bytes), data_(mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)) {
    if (data_ == MAP_FAILED) throw std::bad_alloc();
    madvise(data_, bytes, MADV_NOHUGEPAGE);
  }
  SmallPages(SmallPages&& other) noexcept : bytes_(std::exchange(other.bytes_, 0)), data_(other.data_) {}
  ~SmallPages() {
    if (bytes_ > 0) munmap(data_, bytes_);
  }
  void* data() const { return data_; }

 private:
  std::size_t bytes_;
  void* data_;
};

/// The memory of one measurement: `views` of `bytes`, each thread's slice touched by that thread.
struct Memory {
  std::vector<std::variant<Buffer, SmallPages>> blocks;
  std::vector<char*> views;
  std::size_t bytes;

  Memory(int count, std::size_t wanted, std::string_view pages)
      : bytes(std::max(wanted / line, std::size_t{1}) * line) {
    for (int i = 0; i < count; ++i) {
      // At the same place of a page, a store would hold up the loads that follow it (aliasing of 4 KiB).
      const std::size_t shift = 17 * line * std::size_t(i), room = bytes + shift;
      if (pages == "4 KiB")
        blocks.emplace_back(SmallPages(room));
      else  // from 2 MiB on a Buffer has huge pages
        blocks.emplace_back(Buffer(pages == "huge" ? std::max<std::size_t>(room, 2 << 20) : room));
      views.push_back(static_cast<char*>(std::visit([](auto& block) { return block.data(); }, blocks.back())) + shift);
    }
  }
  /// The slice of a thread, by whole lines.
  std::size_t begin_of(unsigned thread, unsigned threads) const { return bytes / line * thread / threads * line; }
};

/// Passes over the slice of a thread, and the bytes that those moved.
double pass(Memory& memory, const Loop run, unsigned thread, unsigned threads, double traffic, std::size_t passes) {
  const std::size_t begin = memory.begin_of(thread, threads), end = memory.begin_of(thread + 1, threads);
  char* views[4] = {};
  for (std::size_t i = 0; i < memory.views.size(); ++i) views[i] = memory.views[i] + begin;
  [[maybe_unused]] volatile std::uint64_t sink;
  for (std::size_t i = 0; i < passes; ++i) sink = run(views, end - begin);
  return traffic * double(end - begin) * double(passes);
}

std::vector<double> bandwidth_of(const NamedLoop& loop, Memory& memory, const Traffic& t, unsigned threads) {
  // An updated view is read and written.
  const double traffic = t.reads + t.writes + 2.0 * t.updates;
  // Blocks of about 5 ms at 20 GB/s, and fewer of them when a pass takes longer.
  const double pass_bytes = traffic * double(memory.bytes);
  const std::size_t passes = std::max<std::size_t>(1, std::size_t(100e6 / pass_bytes));
  return rates(threads, pass_bytes < 100e6 ? 8 : 4,
               [&](unsigned thread) { return pass(memory, loop.run, thread, threads, traffic, passes); });
}

void add(Ceiling& ceiling, const std::vector<double>& rates) {
  ceiling.samples.insert(ceiling.samples.end(), rates.begin(), rates.end());
  ceiling.value = median(ceiling.samples);
}

/// Whether a loop may be a ceiling for this key. Nobody knows what memcpy stores with.
bool fits(const NamedLoop& loop, const CeilingKey& key) {
  if (loop.shape != shape_of(key.traffic)) return false;
  if (key.stores.empty()) return true;
  return loop.name != "memcpy" && loop.name.starts_with("streaming") == (key.stores == "streaming");
}

/// At first with each loop, then again with the one that won.
void measure_bandwidth(Ceiling& ceiling, const CeilingKey& key) try {
  const Traffic& traffic = key.traffic;
  Memory memory(traffic.reads + traffic.writes + traffic.updates, traffic.view_bytes, key.pages);
  rates(key.threads, 1, [&](unsigned thread) {
    const std::size_t begin = memory.begin_of(thread, key.threads);
    for (char* view : memory.views) std::memset(view + begin, 0, memory.begin_of(thread + 1, key.threads) - begin);
    return 1.0;
  });
  const bool again = !ceiling.samples.empty();
  for (const NamedLoop& loop : loops_for(key.isa).memory) {
    if (!fits(loop, key) || (again && loop.name != ceiling.loop)) continue;
    const std::vector<double> measured = bandwidth_of(loop, memory, traffic, key.threads);
    if (!again && median(measured) <= ceiling.value) continue;
    if (!again) ceiling.samples.clear();
    ceiling.loop = loop.name;
    add(ceiling, measured);
  }
} catch (const std::bad_alloc&) {  // then the rows go without
}

void measure_multiply_add(Ceiling& ceiling, const CeilingKey& key) {
  const Loops& loops = loops_for(key.isa);
  const MultiplyAdd run = key.type == "f32" ? loops.f32 : loops.f64;
  constexpr std::size_t turns = 200'000;  // about 5 ms
  add(ceiling, rates(key.threads, 6, [&](unsigned) { return run(turns); }));
}

void measure(Ceiling& ceiling, const CeilingKey& key) {
  if (key.type.empty())
    measure_bandwidth(ceiling, key);
  else
    measure_multiply_add(ceiling, key);
}

}  // namespace

const Ceiling* Ceilings::find_or_measure(const CeilingKey& key) {
  const bool is_memory = key.type.empty();
  if (is_memory ? shape_of(key.traffic).empty() : key.type != "f32" && key.type != "f64") return nullptr;
  const std::size_t i = std::size_t(std::ranges::find(keys_, key) - keys_.begin());
  if (i == keys_.size()) {
    keys_.push_back(key);
    all_.push_back({.name = std::string(is_memory ? shape_of(key.traffic) : "fma"),
                    .type = key.type,
                    .isa = loops_for(key.isa).isa,
                    .pages = is_memory ? key.pages : "",
                    .bytes = key.traffic.view_bytes,
                    .threads = key.threads,
                    .unit = is_memory ? "B/s" : "FLOP/s"});
    measure(all_.back(), key);
  }
  return all_[i].value > 0 ? &all_[i] : nullptr;
}

const Ceiling* Ceilings::bandwidth(const Traffic& traffic, unsigned threads) {
  return find_or_measure({.traffic = traffic, .threads = threads});
}

const Ceiling* Ceilings::multiply_add(std::string_view type, unsigned threads) {
  return find_or_measure({.type = type, .threads = threads});
}

void Ceilings::measure_again(const Ceiling& ceiling) {
  for (std::size_t i = 0; i < all_.size(); ++i)
    if (&all_[i] == &ceiling) measure(all_[i], keys_[i]);
}

}  // namespace flynn::bench
