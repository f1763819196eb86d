#include <algorithm>
#include <atomic>
#include <flynn/mp/barrier.hpp>
#include <host/mp/process_mark.hpp>
#include <host/mp/robust_mutex.hpp>
#include <host/pools/protection.hpp>
#include <string>
#include <vector>

namespace flynn::mp {
namespace {

constexpr std::size_t most_parties = 128;

/// Where a party is, and how that ended.
enum class Stand : std::uint32_t { none, waiting, released, died, too_late, aborted, reset };

struct Party {
  std::atomic<Stand> stand;
  ProcessMark who;
};

struct BarrierState {
  RobustMutex mutex;  ///< for what follows; never held while anybody waits
  Bell bell;
  std::uint32_t parties;
  std::atomic<Stand> broken;  ///< none, or why
  Party waiting[most_parties];
  Party members[most_parties];  ///< processes that have a copy; Stand::waiting says that the place is taken

  unsigned count() const {
    return unsigned(std::ranges::count_if(waiting, [](const Party& p) { return p.stand == Stand::waiting; }));
  }

  /// For all that wait.
  void end(Stand how) {
    for (Party& party : waiting)
      if (party.stand == Stand::waiting) party.stand = how;
    bell.ring();
  }

  void break_for(Stand why) {
    broken = why;
    end(why);
  }

  /// Some may have been released and others not.
  void repair() { break_for(Stand::died); }

  template <std::size_t n>
  static Party* add(Party (&parties)[n]) {
    for (Party& party : parties) {
      if (party.stand != Stand::none) continue;
      party.who = this_process();
      party.stand = Stand::waiting;
      return &party;
    }
    return nullptr;
  }

  template <class Visit>
  void each(Visit visit) {
    for (Party& party : waiting)
      if (party.stand != Stand::none) visit(party);
    for (Party& party : members)
      if (party.stand != Stand::none) visit(party);
  }

  std::vector<ProcessMark> find_dead() {
    std::vector<ProcessMark> all;
    {
      const RobustGuard guard(mutex, [this] { repair(); });
      each([&](const Party& p) { all.push_back(p.who); });
    }
    std::erase_if(all, is_alive);  // without the lock, because it takes a while
    return all;
  }

  void forget(const std::vector<ProcessMark>& dead) {
    each([&](Party& p) {
      if (std::ranges::find(dead, p.who) != dead.end()) p.stand = Stand::none;
    });
  }

  /// Breaks it if one of those that could come has died, and somebody waits for it.
  void look_for_the_dead() {
    const std::vector<ProcessMark> dead = find_dead();
    if (dead.empty() || !protects("barrier")) return;
    const RobustGuard guard(mutex, [this] { repair(); });
    if (count() == 0) return;
    forget(dead);
    break_for(Stand::died);
  }
};

BarrierState& state(const detail::SharedBlock& block) { return block.as<BarrierState>(); }

[[noreturn]] void throw_broken(Stand why) {
  const char* const words = why == Stand::died       ? "a process that had the barrier ended"
                            : why == Stand::too_late ? "not all parties came in time"
                            : why == Stand::reset    ? "the barrier was reset"
                                                     : "the barrier was aborted";
  throw BrokenBarrier(why == Stand::died ? Code::worker_died : Code::cancelled, std::string("broken: ") + words, {},
                      "reset() makes the barrier usable again");
}

}  // namespace

/// An entry among the members, for as long as a process has copies that were made of one another.
class Barrier::Membership {
 public:
  explicit Membership(detail::SharedBlock block) : block_(std::move(block)) {
    BarrierState& s = state(block_);
    const RobustGuard guard(s.mutex, [&] { s.repair(); });
    place_ = s.add(s.members);
  }
  ~Membership() {
    BarrierState& s = state(block_);
    const RobustGuard guard(s.mutex, [&] { s.repair(); });
    if (place_) place_->stand = Stand::none;
  }
  Membership(const Membership&) = delete;

 private:
  const detail::SharedBlock block_;
  Party* place_;  ///< null: more than 128 have copies, and this one's death is seen only while it waits
};

Barrier::Barrier(unsigned parties) : block_(sizeof(BarrierState)) {
  if (parties == 0 || parties > most_parties)
    throw Error(Code::invalid_argument, "a barrier has 1 to 128 parties, not " + std::to_string(parties));
  BarrierState& s = *new (block_.data()) BarrierState();
  s.mutex.init();
  s.parties = parties;
  membership_ = std::make_shared<Membership>(block_);
}

unsigned Barrier::wait(Duration timeout) const {
  BarrierState& s = state(block_);
  const std::int64_t deadline = detail::deadline_after(timeout);
  Party* own;
  unsigned number;
  {
    const RobustGuard guard(s.mutex, [&] { s.repair(); });
    if (s.broken != Stand::none) throw_broken(s.broken);
    number = s.count();
    if (number + 1 == s.parties) {
      s.end(Stand::released);
      return number;
    }
    own = s.add(s.waiting);
    if (!own) throw Error(Code::resource_exhausted, "more than 128 threads are at this barrier");
  }
  const auto is_over = [&] { return own->stand != Stand::waiting; };
  wait_for_bell(s.bell, deadline, is_over, [&] { s.look_for_the_dead(); });
  const RobustGuard guard(s.mutex, [&] { s.repair(); });
  if (!is_over()) s.break_for(Stand::too_late);
  const Stand how = own->stand.exchange(Stand::none);
  if (how != Stand::released) throw_broken(how);
  return number;
}

void Barrier::abort() const {
  BarrierState& s = state(block_);
  const RobustGuard guard(s.mutex, [&] { s.repair(); });
  s.break_for(Stand::aborted);
}

void Barrier::reset() const {
  BarrierState& s = state(block_);
  const std::vector<ProcessMark> dead = s.find_dead();
  const RobustGuard guard(s.mutex, [] {});
  s.forget(dead);
  s.end(Stand::reset);
  s.broken = Stand::none;
}

unsigned Barrier::parties() const { return state(block_).parties; }
unsigned Barrier::n_waiting() const { return state(block_).count(); }
bool Barrier::broken() const { return state(block_).broken != Stand::none; }

void Barrier::load(Reader& in) {
  membership_.reset();
  block_.load(in);
  membership_ = std::make_shared<Membership>(block_);
}

}  // namespace flynn::mp
