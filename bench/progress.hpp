#pragma once
#include <cstddef>
#include <string>

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
  /// That share of all is done, and this comes next.
  void show(double share, const std::string& what);
  /// Takes the line away, before something else is printed.
  void clear();

 private:
  bool is_due() const;
  void print(const std::string& what, double share, const std::string& end);

  bool on_terminal_, on_;
  bool is_shown_ = false;
  double begin_, last_ = 0;
  std::size_t total_ = 0;
};

}  // namespace flynn::bench
