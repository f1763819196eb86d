#include <atomic>
#include <string>

#include <flynn/status.hpp>
#include <host/pools/fork.hpp>
#include <host/pools/protection.hpp>

namespace flynn {
namespace {

std::atomic<std::uint64_t> generation{0};

}  // namespace

std::uint64_t fork_generation() {
  static const int registered = pthread_atfork(nullptr, nullptr, [] { ++generation; });
  return registered == 0 ? generation.load(std::memory_order_relaxed) : 0;
}

void OwnProcess::must_be_here(const char* what) const {
  if (is_here() || !protects("fork")) return;
  throw Error(Code::invalid_argument,
              std::string(what) + " belongs to another process, of which this one is a copy made by fork()", {},
              "make a new one in the copy, or start processes with flynn::mp::Process instead of fork()");
}

}  // namespace flynn
