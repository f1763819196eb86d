#include <sched.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <functional>
#include <thread>
#include <vector>

#include <bench/ceiling_loops.hpp>
#include <bench/ceilings.hpp>
#include <bench/clock.hpp>
#include <bench/statistics.hpp>

namespace flynn::bench {

#if defined(__x86_64__)
extern const Loops loops_sse2, loops_avx2, loops_avx512;
const Loops& loops() {
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw")) return loops_avx512;
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return loops_avx2;
  return loops_sse2;
}
#else
extern const Loops loops_neon64;
const Loops& loops() { return loops_neon64; }
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

constexpr std::size_t line = 64;

std::string_view shape_of(const Traffic& t) {
  if (t.writes == 1 && t.updates == 0 && t.reads == 1) return "copy";
  if (t.writes == 1 && t.updates == 0 && t.reads == 2) return "triad";
  if (t.writes == 0 && t.updates == 1 && t.reads == 1) return "axpy";
  if (t.writes == 0 && t.updates == 0 && t.reads == 1) return "read";
  if (t.writes == 0 && t.updates == 0 && t.reads == 2) return "read 2";
  return {};
}

/// The memory of one measurement: `views` of `bytes`, each thread's slice touched by that thread.
struct Memory {
  std::vector<Buffer> views;
  std::size_t bytes;

  Memory(int count, std::size_t wanted) : bytes(std::max(wanted / line, std::size_t{1}) * line) {
    for (int i = 0; i < count; ++i) views.emplace_back(bytes);
  }
  /// The slice of a thread, by whole lines.
  std::size_t begin_of(unsigned thread, unsigned threads) const { return bytes / line * thread / threads * line; }
};

/// Passes over the slice of a thread, and the bytes that those moved.
double pass(Memory& memory, const Loop run, unsigned thread, unsigned threads, double traffic, std::size_t passes) {
  const std::size_t begin = memory.begin_of(thread, threads), end = memory.begin_of(thread + 1, threads);
  char* views[4] = {};
  for (std::size_t i = 0; i < memory.views.size(); ++i) views[i] = static_cast<char*>(memory.views[i].data()) + begin;
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

/// At first with each loop, then again with the one that won.
void measure_bandwidth(Ceiling& ceiling, const Traffic& traffic) try {
  Memory memory(traffic.reads + traffic.writes + traffic.updates, traffic.view_bytes);
  rates(ceiling.threads, 1, [&](unsigned thread) {
    const std::size_t begin = memory.begin_of(thread, ceiling.threads);
    for (Buffer& view : memory.views)
      std::memset(static_cast<char*>(view.data()) + begin, 0, memory.begin_of(thread + 1, ceiling.threads) - begin);
    return 1.0;
  });
  const bool again = !ceiling.samples.empty();
  for (const NamedLoop& loop : loops().memory) {
    if (loop.shape != ceiling.name || (again && loop.name != ceiling.loop)) continue;
    const std::vector<double> measured = bandwidth_of(loop, memory, traffic, ceiling.threads);
    if (!again && median(measured) <= ceiling.value) continue;
    if (!again) ceiling.samples.clear();
    ceiling.loop = loop.name;
    add(ceiling, measured);
  }
} catch (const std::bad_alloc&) {  // then the rows go without
}

void measure_multiply_add(Ceiling& ceiling) {
  const MultiplyAdd run = ceiling.type == "f32" ? loops().f32 : loops().f64;
  constexpr std::size_t turns = 200'000;  // about 5 ms
  add(ceiling, rates(ceiling.threads, 6, [&](unsigned) { return run(turns); }));
}

}  // namespace

const Ceiling* Ceilings::find_or_measure(const Key& key) {
  std::size_t i = 0;
  while (i < keys_.size() && keys_[i] != key) ++i;
  if (i == keys_.size()) {
    keys_.push_back(key);
    const bool is_memory = key.type.empty();
    Ceiling ceiling{.name = std::string(is_memory ? shape_of(key.traffic) : "fma"),
                    .type = key.type,
                    .bytes = key.traffic.view_bytes,
                    .threads = key.threads,
                    .unit = is_memory ? "B/s" : "FLOP/s"};
    if (is_memory)
      measure_bandwidth(ceiling, key.traffic);
    else
      measure_multiply_add(ceiling);
    all_.push_back(std::move(ceiling));
  }
  return all_[i].value > 0 ? &all_[i] : nullptr;
}

const Ceiling* Ceilings::bandwidth(const Traffic& traffic, unsigned threads) {
  if (shape_of(traffic).empty()) return nullptr;
  return find_or_measure({traffic, {}, threads});
}

const Ceiling* Ceilings::multiply_add(std::string_view type, unsigned threads) {
  if (type != "f32" && type != "f64") return nullptr;
  return find_or_measure({{}, type, threads});
}

void Ceilings::measure_again(const Ceiling& ceiling) {
  for (std::size_t i = 0; i < all_.size(); ++i) {
    if (&all_[i] != &ceiling) continue;
    if (ceiling.type.empty())
      measure_bandwidth(all_[i], keys_[i].traffic);
    else
      measure_multiply_add(all_[i]);
  }
}

}  // namespace flynn::bench
