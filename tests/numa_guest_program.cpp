// The first process of a machine with two NUMA nodes, made by numa_guest_test.sh: checks on real nodes what the other
// tests can only check on made-up ones, prints PASS or FAIL, and switches the machine off.

#include <sched.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <map>
#include <mutex>
#include <set>

#include <flynn/flynn.hpp>
#include <flynn/shared_vector.hpp>
#include <flynn/topology.hpp>
#include <host/cut/homes.hpp>
#include <host/detect/budget.hpp>
#include <host/detect/topology.hpp>
#include <host/pools/placement.hpp>
#include <host/pools/thread_pool.hpp>

namespace flynn {
namespace {

bool all_right = true;

bool check(bool right, const char* what) {
  std::printf("%s %s\n", right ? "ok  " : "BAD ", what);
  all_right &= right;
  return right;
}

std::string text(const auto& numbers) {
  std::string words;
  for (auto n : numbers) words.append(" ").append(std::to_string(n));
  return words;
}

void check_topology() {
  const Topology& t = topology();
  std::printf("topology by %s\n", t.source.c_str());
  for (const auto& node : t.nodes)
    std::printf("  node %d: %llu MiB, CPUs%s, distance%s\n", node.id, (unsigned long long)node.memory_bytes >> 20,
                text(node.cpus).c_str(), text(node.distance).c_str());
  std::printf("  %zu packages, %zu cores, %zu caches\n", t.packages.size(), t.cores.size(), t.caches.size());
  if (!check(t.nodes.size() == 2 && detect::nodes().size() == 2, "two nodes")) return;
  check(t.nodes[0].cpus == std::vector{0, 1, 2, 3} && t.nodes[1].cpus == std::vector{4, 5, 6, 7}, "four CPUs on each");
  for (std::size_t i = 0; i < 2; ++i)
    check(t.nodes[i].cpus == detect::nodes()[i].cpus && detect::nodes()[i].has_memory, "hwloc and /sys agree");
  check(t.nodes[0].distance == std::vector{10u, 21u} && t.nodes[1].distance == std::vector{21u, 10u}, "distances");
  check(t.packages.size() == 2 && t.cores.size() == 4, "two packages of two cores");
}

/// Keeps the calling thread on CPUs.
void run_on(const std::vector<int>& cpus) {
  cpu_set_t set;
  CPU_ZERO(&set);
  for (int cpu : cpus) CPU_SET(std::size_t(cpu), &set);
  sched_setaffinity(0, sizeof set, &set);
}

/// The node of every page.
std::vector<int> pages_of(std::span<const float> memory) {
  std::vector<const void*> addresses;
  for (std::size_t i = 0; i < memory.size(); i += 1024) addresses.push_back(&memory[i]);
  return nodes_of_pages(addresses);
}

/// How many pages of [begin, end) are on a node.
std::size_t count(const std::vector<int>& pages, int node, std::size_t begin, std::size_t end) {
  return std::size_t(std::count(pages.begin() + std::ptrdiff_t(begin), pages.begin() + std::ptrdiff_t(end), node));
}

/// A buffer of floats that was written on one CPU of node 1: by itself, the system puts all its pages there.
Buffer written(std::size_t n, Placement placement) {
  Buffer memory = make_buffer<float>(n, placement);
  run_on({5});
  for (std::size_t i = 0; i < n; ++i) memory.as<float>()[i] = 1.0f / float(i % 1000 + 1);
  run_on({0, 1, 2, 3, 4, 5, 6, 7});
  return memory;
}

void check_placement(std::size_t n) {
  const std::size_t pages = n * sizeof(float) / 4096;
  const Buffer by_part = written(n, Placement::by_part), mixed = written(n, Placement::interleave),
               local = written(n, Placement::local);
  const std::vector<int> p = pages_of(by_part.as<float>()), m = pages_of(mixed.as<float>()),
                         l = pages_of(local.as<float>());
  std::printf("by_part: %zu of %zu pages on node 0, of the first half %zu\n", count(p, 0, 0, pages), pages,
              count(p, 0, 0, pages / 2));
  std::printf("interleave: %zu on node 0, %zu on node 1\n", count(m, 0, 0, pages), count(m, 1, 0, pages));
  std::printf("local: %zu on node 1\n", count(l, 1, 0, pages));
  check(count(p, 0, 0, pages / 2) == pages / 2, "the first half by part is on node 0");
  check(count(p, 1, pages / 2, pages) == pages - pages / 2, "the second half by part is on node 1");
  check(count(m, 0, 0, pages) == pages / 2 && count(m, 1, 0, pages) == pages / 2, "interleaved half and half");
  check(count(m, 0, 0, pages / 2) == pages / 4, "interleaved in each half");
  check(count(l, 1, 0, pages) == pages, "local is where it was touched");
}

/// What worker processes see too, and what goes to devices.
void check_shared_placement(std::size_t n) {
  const std::size_t pages = n * sizeof(float) / 4096;
  const shared_vector<float> by_part(n, Placement::by_part);
  const Array<float> array(n, Placement::by_part);
  run_on({5});
  float total = 0;
  for (std::size_t i = 0; i < n; i += 1024) total += by_part[i];
  std::ranges::fill(const_cast<Array<float>&>(array).host(), total);
  run_on({0, 1, 2, 3, 4, 5, 6, 7});
  for (const std::vector<int>& p : {pages_of({by_part.data(), n}), pages_of(array.host())}) {
    std::printf("shared or resident, by_part: %zu of %zu pages on node 0, of the first half %zu\n",
                count(p, 0, 0, pages), pages, count(p, 0, 0, pages / 2));
    check(count(p, 0, 0, pages / 2) == pages / 2 && count(p, 1, pages / 2, pages) == pages - pages / 2,
          "its halves are on the two nodes");
  }
}

/// Which node ran each part of a job that takes long enough for all threads to wake up.
std::vector<int> ran_on(ThreadPool& pool, std::size_t parts) {
  std::vector<int> nodes(parts);
  pool.run(parts, pool.size(), [&](std::size_t part) noexcept {
    usleep(20'000);
    nodes[part] = sched_getcpu() / 4;
  });
  return nodes;
}

void check_pool() {
  const std::vector<int> cpus = detect::allowed_cpus();
  ThreadPool pool(8, cpus, nodes_of(cpus));
  check(pool.size() == 8 && pool.spans_nodes(), "eight threads on two nodes");
  constexpr std::size_t parts = 64;
  ran_on(pool, parts);
  const std::vector<int> plain = ran_on(pool, parts);
  std::vector<int> homes(parts);
  for (std::size_t i = 0; i < parts; ++i) homes[i] = i / 8 % 2;  // stripes
  const PartHomes scope(homes);
  const std::vector<int> at_home = ran_on(pool, parts);
  std::size_t right = 0, home = 0, changed = 0;
  for (std::size_t i = 0; i < parts; ++i) {
    right += plain[i] == int(i / 32);
    home += at_home[i] == homes[i];
    changed += at_home[i] == int(i / 32);
  }
  std::printf("parts on the node of their half: %zu of 64; on their homes, in stripes: %zu, of halves then: %zu\n",
              right, home, changed);
  // A thread that was delayed has some of its parts taken by others.
  check(right >= 56, "the halves of a job go to the two nodes");
  check(home >= 56, "parts go to the node of their pages");
}

void check_sum(std::size_t n) {
  for (Placement placement : {Placement::local, Placement::interleave, Placement::by_part}) {
    const Buffer memory = written(n, placement);
    const auto x = memory.as<float>();
    Report report;
    const float one = sum(x, {.backend = "scalar"}), all = sum(x, {.backend = "threads", .report = &report});
    std::printf("sum %a, %a with %u threads\n", double(one), double(all), report.threads);
    check(std::memcmp(&one, &all, sizeof one) == 0 && report.threads > 1, "the sum has the same bits on threads");
  }
}

/// Memory whose first half is on node 1 and second half on node 0 turns the team around.
void check_homes(std::size_t n) {
  const std::vector<int> cpus = detect::allowed_cpus();
  ThreadPool pool(8, cpus, nodes_of(cpus));
  const Buffer memory = make_buffer<float>(n);
  const auto x = memory.as<float>();
  run_on({5});
  std::ranges::fill(x.first(n / 2), 1.0f);
  run_on({2});
  std::ranges::fill(x.last(n - n / 2), 1.0f);
  run_on({0, 1, 2, 3, 4, 5, 6, 7});

  std::mutex mutex;
  int at_home = 0, parts = 0;
  auto leaf = [&](const Sum<float>& part, Execution&) {
    usleep(20'000);  // long enough for all threads to wake up
    std::lock_guard lock(mutex);
    ++parts;
    at_home += sched_getcpu() / 4 == (part.x.data < x.data() + n / 2 ? 1 : 0);
    part.result[0] = 0;
    return Status{};
  };
  Text words;
  SumOf<float> result;
  Execution execution{.threads = 8, .text = &words};
  (void)run_at_home(Sum<float>{x, Out<SumOf<float>>(&result, 1)}, pool, execution, leaf);
  std::printf("halves turned around: %d of %d parts ran on the node of their pages\n", at_home, parts);
  check(parts > 0 && at_home >= parts * 7 / 8, "a call's parts go to the node of their pages");
}

}  // namespace
}  // namespace flynn

int main() {
  using namespace flynn;
  if (getpid() != 1) {
    std::puts("this is the init of a virtual machine; see numa_guest_test.sh");
    return 2;
  }
  mount("proc", "/proc", "proc", 0, nullptr);
  mount("sys", "/sys", "sysfs", 0, nullptr);
  setvbuf(stdout, nullptr, _IOLBF, 0);
  constexpr std::size_t elements = std::size_t{20} << 20;  // 80 MiB: large enough to ask for the homes of parts
  check_topology();
  check_placement(elements);
  check_shared_placement(elements);
  check_pool();
  check_sum(elements);
  check_homes(elements);
  std::puts(all_right ? "PASS" : "FAIL");
  sync();
  reboot(RB_POWER_OFF);
}
