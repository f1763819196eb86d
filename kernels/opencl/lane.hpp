#pragma once
#include <utility>
#include <vector>

#include <kernels/opencl/check.hpp>
#include <kernels/piece.hpp>
#include <kernels/texts.hpp>

namespace flynn::opencl {

/// What a call works with, kept for the next one: a command queue, kernel objects, whose arguments belong to one
/// thread, and room for its lists, so that a call on resident data allocates nothing.
struct Lane {
  struct Placed {
    kernels::Piece piece;
    cl_mem memory;
    bool borrowed;  ///< the device works in the caller's memory
    bool filled;    ///< holds the caller's values
    bool written;
  };

  explicit Lane(CommandQueue made) : queue(std::move(made)) {}

  CommandQueue queue;
  std::vector<std::pair<kernels::Entry, Kernel>> kernels;
  // Of one call.
  std::vector<Memory> memories;
  std::vector<Placed> placed;
  std::vector<Event> launches, transfers;

  void forget_call() {
    memories.clear();
    placed.clear();
    launches.clear();
    transfers.clear();
  }
};

}  // namespace flynn::opencl
