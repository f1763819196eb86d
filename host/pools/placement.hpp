#pragma once
#include <cstddef>
#include <span>
#include <vector>

#include <flynn/placement.hpp>
#include <host/pools/seats.hpp>

namespace flynn {

/// Where a run of pages goes.
struct PageRange {
  std::size_t begin, end;  ///< bytes from the start of the memory
  int node;
  bool operator==(const PageRange&) const = default;
};

/// The ranges of Placement::by_part: share i of the seats is bytes * i / seats, as the pool hands out parts, rounded to
/// pages.
std::vector<PageRange> ranges_by_part(std::size_t bytes, std::size_t page, std::span<const Seat> seats);

/// Tells the system where pages that are not there yet shall go, for a thread pool of the standard budget. `data` is
/// the start of a page. False when the system refused; on one node nothing is asked, and it is true.
bool place(void* data, std::size_t bytes, Placement placement);

/// The node of the page of each address; below 0 where there is no page yet or the system does not tell. Asks the
/// system once.
std::vector<int> nodes_of_pages(std::span<const void* const> addresses);

}  // namespace flynn
