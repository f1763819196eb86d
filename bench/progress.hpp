#pragma once
#include <cstddef>

#include <bench/figure.hpp>
#include <bench/options.hpp>

namespace flynn::bench {

/// One line on standard error that is written over, when that is a terminal; a line every 10 s when it is none and the
/// user asks for it. The cursor is never hidden, so there is nothing to restore however the program ends.
class Progress {
 public:
  explicit Progress(When when);
  ~Progress() { clear(); }
  void begin(std::size_t total) { total_ = total; }
  /// `done` rows are finished, and this one is being sampled.
  void show(std::size_t done, const Figure& figure, double noise);
  /// Takes the line away, before something else is printed.
  void clear();

 private:
  bool on_terminal_, on_;
  bool is_shown_ = false;
  double begin_, last_ = 0;
  std::size_t total_ = 0;
};

}  // namespace flynn::bench
