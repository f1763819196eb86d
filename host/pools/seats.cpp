#include <algorithm>
#include <functional>
#include <map>
#include <tuple>

#include <host/detect/nodes.hpp>
#include <host/pools/seats.hpp>

namespace flynn {

std::vector<Seat> choose_seats(unsigned threads, const std::vector<int>& cpus, const std::vector<int>& nodes,
                               int here) {
  struct Candidate {
    unsigned turn;  // in which round its node gives it
    Seat seat;
  };
  std::vector<Candidate> candidates;
  std::map<int, unsigned> turns;
  // The caller's CPU comes before all others.
  for (bool of_caller : {true, false})
    for (std::size_t i = 0; i < cpus.size(); ++i) {
      if ((cpus[i] == here) != of_caller) continue;
      const int node = nodes.empty() ? 0 : nodes[i];
      candidates.push_back({turns[node]++, {cpus[i], node}});
    }
  std::ranges::stable_sort(candidates, {}, &Candidate::turn);
  // The first round must not push the caller out either, when there are fewer threads than nodes.
  if (auto it = std::ranges::find(candidates, here, [](const Candidate& c) { return c.seat.cpu; });
      it != candidates.end())
    std::rotate(candidates.begin(), it, it + 1);

  std::vector<Seat> seats;
  for (const Candidate& c : candidates)
    if (seats.size() < threads) seats.push_back(c.seat);
  std::ranges::sort(seats, {}, [](const Seat& s) { return std::tuple(s.node, s.cpu); });
  while (seats.size() < threads) seats.push_back({-1, seats.empty() ? 0 : seats.back().node});
  return seats;
}

std::vector<int> nodes_of(const std::vector<int>& cpus) {
  std::vector<int> result;
  for (int cpu : cpus)
    for (const detect::Node& node : detect::nodes())
      if (std::ranges::binary_search(node.cpus, cpu)) result.push_back(node.id);
  const bool differ = std::ranges::adjacent_find(result, std::not_equal_to{}) != result.end();
  return differ && result.size() == cpus.size() ? result : std::vector<int>{};
}

}  // namespace flynn
