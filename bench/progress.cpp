#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include <bench/clock.hpp>
#include <bench/format.hpp>
#include <bench/progress.hpp>

namespace flynn::bench {

Progress::Progress(When when) : begin_(now()) {
  const char* terminal = std::getenv("TERM");
  on_terminal_ = isatty(STDERR_FILENO) && terminal && std::strcmp(terminal, "dumb") != 0;
  on_ = when == When::always || (when == When::automatic && on_terminal_);
}

void Progress::show(std::size_t done, const Figure& figure, double noise) {
  const double time = now();
  if (!on_ || time - last_ < (on_terminal_ ? 0.1 : 10)) return;
  last_ = time;
  const double left = done == 0 ? 0 : (time - begin_) / double(done) * double(total_ - done);
  const std::string text = fmt::format("[{}/{}] {} {} {} {}  ETA {}  noise {:.1f} %", std::min(done + 1, total_),
                                       total_, figure.spec.workload, figure.spec.type, size_text(figure.n),
                                       figure.requested, done == 0 ? "--:--" : clock_text(left), 100 * noise);
  if (on_terminal_)
    fmt::print(stderr, "\r{}\033[K", text);
  else
    fmt::print(stderr, "{}\n", text);
  std::fflush(stderr);
  is_shown_ = on_terminal_;
}

void Progress::clear() {
  if (!is_shown_) return;
  fmt::print(stderr, "\r\033[K");
  std::fflush(stderr);
  is_shown_ = false;
}

}  // namespace flynn::bench
