#pragma once
#include <cstddef>
#include <utility>
#include <vector>

#include <kernels/cuda/check.hpp>
#include <kernels/cuda/cublas.hpp>
#include <kernels/piece.hpp>
#include <kernels/texts.hpp>

namespace flynn::cuda {

/// What a call works with, kept for the next one: a stream, events, functions, and room for its lists, so that a call
/// on resident data allocates nothing.
struct Lane {
  struct Placed {
    kernels::Piece piece;
    CUdeviceptr memory;
    bool filled;  ///< holds the caller's values
    bool written;
  };
  /// Begin and end of something on the stream.
  using Span = std::pair<CUevent, CUevent>;

  explicit Lane(Stream made) : stream(std::move(made)) {}
  ~Lane() {
    if (blas) cublas()->destroy(blas);
  }
  Lane(const Lane&) = delete;

  Stream stream;
  std::vector<Event> events;
  std::vector<std::pair<kernels::Entry, CUfunction>> functions;
  cublasHandle_t blas = nullptr;  ///< on the stream, once a product has needed it
  // Of one call.
  std::size_t used_events = 0;
  std::vector<CUdeviceptr> memories;
  std::vector<Placed> placed;
  std::vector<Span> launches, transfers;

  void forget_call() {
    used_events = 0;
    memories.clear();
    placed.clear();
    launches.clear();
    transfers.clear();
  }
};

}  // namespace flynn::cuda
