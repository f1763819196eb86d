#pragma once
#include <cstdio>
#include <deque>
#include <string>

#include <bench/figure.hpp>
#include <bench/options.hpp>
#include <bench/run_result.hpp>

namespace flynn::bench {

enum class Style { plain, bold, dim, green, yellow, red };

/// The table for people, 110 columns wide.
class TextReport {
 public:
  /// Writes to `out`, with colour when that is a terminal and nothing speaks against it.
  TextReport(std::FILE* out, When color, bool is_verbose);
  /// Prints nothing from here on.
  void silence() { out_ = nullptr; }

  void machine(const HostInfo& host, const BuildInfo& build, unsigned budget);
  void backends(const std::deque<BackendInfo>& all, unsigned budget);
  void warnings(const std::vector<Warning>& all);
  /// A heading over the next rows.
  void title(const std::string& text);
  void figures(const std::vector<Figure>& figures);
  void peers(const std::vector<PeerInfo>& all);
  /// What a group with peers comes to: a line for each comparison, and one for each peer that failed or is wrong. All
  /// rows with -v.
  void comparisons(const std::vector<Figure>& figures, const std::vector<Comparison>& all);
  /// What the check column means, and the summary.
  void end(const RunResult& run);

 private:
  std::string paint(const std::string& text, Style style) const;
  void line(const std::string& text = {});
  void header(const std::string& names);
  void row(const Figure& f);
  void details(const Figure& f);

  std::FILE* out_;
  bool has_color_, is_verbose_, needs_header_ = true;
};

/// "scalar", or why it is not here.
std::string state_of(const BackendInfo& info, unsigned budget);

}  // namespace flynn::bench
