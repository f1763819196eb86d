#include <array>
#include <atomic>
#include <cmath>
#include <deque>
#include <limits>
#include <mutex>
#include <string>

#include <host/choose/trust.hpp>

namespace flynn {
namespace {

struct Failed {
  std::atomic<double> least_bytes{std::numeric_limits<double>::infinity()};  ///< of calls that it gets no more
  std::atomic<const std::string*> why{nullptr};
};
std::array<Failed, Model::most_backends> all;
std::atomic<BackendMask> any{0};  ///< those that have failed at all

/// Each backend adds 65 at most: one for each power of two, and the last.
const std::string& keep(std::string words) {
  static auto& kept = *new std::deque<std::string>;
  return kept.emplace_back(std::move(words));
}

}  // namespace

void distrust(const Entry& entry, Status why, double bytes, const Text& text) {
  static std::mutex mutex;
  const std::lock_guard lock(mutex);
  Failed& failed = all[index_of(entry)];
  const double least = why.code == Code::out_of_memory ? std::exp2(std::floor(std::log2(std::max(bytes, 1.0)))) : 0;
  if (least >= failed.least_bytes.load()) return;
  failed.why.store(&keep(std::string(name_of(why.code)) + (text.message[0] ? ": " : "") + text.message));
  failed.least_bytes.store(least);
  any.fetch_or(BackendMask{1} << index_of(entry));
}

BackendMask distrusted(double bytes) {
  BackendMask mask = any.load(std::memory_order_relaxed);
  if (mask == 0) return 0;
  for (std::size_t i = 0; i < all.size(); ++i)
    if (bytes < all[i].least_bytes.load(std::memory_order_relaxed)) mask &= ~(BackendMask{1} << i);
  return mask;
}

std::string_view why_distrusted(const Entry& entry) {
  const std::string* const why = all[index_of(entry)].why.load();
  return why ? std::string_view(*why) : std::string_view();
}

}  // namespace flynn
