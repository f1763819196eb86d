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

bool Progress::is_due() const { return on_ && now() - last_ >= (on_terminal_ ? 0.1 : 10); }

void Progress::show(std::size_t done, const Figure& figure, double noise) {
  if (!is_due()) return;
  print(fmt::format("[{}/{}] {} {} {} {}", std::min(done + 1, total_), total_, figure.spec.workload, figure.spec.type,
                    size_text(figure.n), figure.requested),
        double(done) / double(std::max<std::size_t>(total_, 1)), fmt::format("  noise {:.1f} %", 100 * noise));
}

void Progress::show(double share, const std::string& what) {
  if (is_due()) print(fmt::format("[{:.0f} %] {}", 100 * share, what), share, "");
}

void Progress::print(const std::string& what, double share, const std::string& end) {
  last_ = now();
  const std::string left = share > 0 ? clock_text((last_ - begin_) * (1 - share) / share) : "--:--";
  const std::string text = fmt::format("{}  ETA {}{}", what, left, end);
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
