// compute_bench --workload mp: the processes of flynn::mp beside Python's, in the same run.

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <functional>
#include <numeric>
#include <vector>

#include <bench/clock.hpp>
#include <bench/commands.hpp>
#include <bench/format.hpp>
#include <bench/mp_python.hpp>
#include <bench/statistics.hpp>
#include <flynn/mp.hpp>

namespace flynn::bench {
namespace {

int square(int x) { return x * x; }

/// Seconds that it takes.
double time_of(const std::function<void()>& run) {
  const double begin = now();
  run();
  return now() - begin;
}

/// Median of so many runs after one that is not counted.
double median_of(int runs, const std::function<double()>& sample) {
  sample();
  std::vector<double> samples;
  for (int i = 0; i < runs; ++i) samples.push_back(sample());
  return median(samples);
}

double apply_seconds() {
  mp::Pool pool(1);
  constexpr int calls = 1000;
  return median_of(15,
                   [&] {
                     return time_of([&] {
                       for (int i = 0; i < calls; ++i) pool.apply(square, i);
                     });
                   }) /
         calls;
}

double map_seconds(std::size_t items, std::size_t chunk) {
  mp::Pool pool(2);
  std::vector<int> x(items);
  std::iota(x.begin(), x.end(), 0);
  return median_of(5, [&] { return time_of([&] { pool.map(square, x, chunk); }); }) / double(items);
}

double array_seconds() {
  mp::Pool pool(1);
  std::vector<double> x(std::size_t{8} << 20, 1.0);
  return median_of(
      15, [&] { return time_of([&] { x = pool.apply([](std::vector<double> v) { return v; }, std::move(x)); }); });
}

double pool_seconds(mp::StartMethod method) {
  return median_of(15, [&] {
    return time_of([&] {
      mp::Pool pool({.processes = 2, .start_method = method});
      pool.map(square, std::vector<int>(10, 3));
      pool.close();
      pool.join();
    });
  });
}

double processes_seconds() {
  return median_of(7, [] {
    return time_of([] {
      std::vector<mp::Process> processes;
      for (int i = 0; i < 50; ++i) processes.emplace_back(square, i).start();
      for (mp::Process& process : processes) process.join();
    });
  });
}

double queue_seconds() {
  constexpr int items = 100'000;
  return median_of(5,
                   [] {
                     const mp::Queue<int> queue(1024);
                     mp::Process producer(
                         [](const mp::Queue<int>& out) {
                           for (int i = -1; i < items; ++i) out.put(i);
                         },
                         queue);
                     producer.start();
                     queue.get();  // it is at work now
                     const double seconds = time_of([&] {
                       for (int i = 0; i < items; ++i) queue.get();
                     });
                     producer.join();
                     return seconds;
                   }) /
         items;
}

double lock_seconds() {
  const mp::Lock lock;
  constexpr int times = 100'000;
  return median_of(15,
                   [&] {
                     return time_of([&] {
                       for (int i = 0; i < times; ++i) {
                         lock.acquire();
                         lock.release();
                       }
                     });
                   }) /
         times;
}

struct Row {
  const char* name;    ///< as the Python program names it
  const char* target;  ///< of flynn
  bool is_rate;        ///< shown as items per second
  double (*seconds)();
};

/// Each row has its twin in mp_python.hpp.
constexpr Row rows[] = {
    {"apply round trip", "<= 8 us", false, apply_seconds},
    {"map, tasks of one item", ">= 500 k/s", true, [] { return map_seconds(200'000, 1); }},
    {"map, tasks of the usual size", ">= 20 M/s", true, [] { return map_seconds(2'000'000, 0); }},
    {"64 MiB there and back", "<= 2.4 x memcpy", false, array_seconds},
    {"Pool(2): start, map, close", "<= 3 ms", false, [] { return pool_seconds(mp::StartMethod::forkserver); }},
    {"the same by spawn", "<= 8 ms", false, [] { return pool_seconds(mp::StartMethod::spawn); }},
    {"50 processes started and joined", "<= 10 ms", false, processes_seconds},
    {"a queue from process to process", "<= 1 us", false, queue_seconds},
    {"a lock that nobody else wants", "<= 50 ns", false, lock_seconds},
};

/// What Python says of each row, in seconds; -1 where it says nothing.
std::vector<double> python_seconds() {
  std::vector<double> seconds(std::size(rows), -1);
  char name[] = "/tmp/flynn-mp-XXXXXX.py";
  const int file = mkstemps(name, 3);
  if (file < 0) return seconds;
  const bool is_written = write(file, python_program.data(), python_program.size()) == ssize_t(python_program.size());
  close(file);
  std::FILE* const python = is_written ? popen(fmt::format("python3 {} 2>/dev/null", name).c_str(), "r") : nullptr;
  for (std::size_t i = 0; python && i < std::size(rows); ++i)
    if (std::fscanf(python, "%lf", &seconds[i]) != 1) break;
  if (python) pclose(python);
  unlink(name);
  return seconds;
}

std::string text_of(const Row& row, double seconds) {
  if (seconds < 0) return "-";
  return row.is_rate ? rate_text(1 / seconds, "/s") : time_text(seconds);
}

}  // namespace

Exit mp_rows(const Settings& settings) {
  fmt::print("flynn::mp beside Python's multiprocessing, medians; {} CPUs\n\n", mp::cpu_count());
  fmt::print("{:<34}{:>12}{:>12}{:>8}   {}\n", "", "flynn", "python", "ratio", "target");
  std::vector<double> seconds;
  for (const Row& row : rows) seconds.push_back(row.seconds());
  const std::vector<double> python = python_seconds();
  for (std::size_t i = 0; i < std::size(rows); ++i) {
    const std::string ratio = python[i] > 0 ? fmt::format("{:.1f}", python[i] / seconds[i]) : "-";
    fmt::print("{:<34}{:>12}{:>12}{:>8}   {}\n", rows[i].name, text_of(rows[i], seconds[i]),
               text_of(rows[i], python[i]), ratio, rows[i].target);
  }
  if (python[0] < 0 && !settings.quiet) fmt::print(stderr, "compute_bench: there is no python3 to compare with\n");
  return exit_ok;
}

}  // namespace flynn::bench
