#pragma once
#include <string>
#include <vector>

#include <bench/measure.hpp>

namespace flynn::bench {

enum class Command { run, list, info, doctor, ceilings, calibrate, regret };
enum class When { automatic, always, never };

/// Where a setting came from, the strongest first.
enum class Source { flag, environment, standard };

/// What the user asked for.
struct Settings {
  Command command = Command::run;
  std::vector<std::string> backends;  ///< as named; empty: all that are available
  Source backends_from = Source::standard;
  std::vector<std::string> workloads, types;  ///< empty: the tour, or all that fit the others
  std::vector<std::string> params;            ///< kinds of input; empty: the usual one, with peers all
  std::string filter;                         ///< regular expression on workload/type/n/backend
  std::vector<std::size_t> sizes;
  int device = -1;
  bool isolate = false;  ///< device backends in a process of their own
  unsigned threads = 0;
  Rules rules;
  double timeout = 0;          ///< seconds; 0: none
  bool has_own_times = false;  ///< --min-time, --warmup, --repetitions or --max-noise was given
  bool peers = false;          ///< beside other libraries
  double peer_limit = 60;      ///< seconds for an answer of a peer
  bool quick = false, self_test = false, dry_run = false, quiet = false, verbose = false;
  bool explain = false;             ///< say what auto would do instead of measuring
  std::string inventory;            ///< file: explain for that machine
  bool as_json = false;             ///< list and info
  std::string json, csv, markdown;  ///< files to write; "-" is standard output
  When color = When::automatic, progress = When::automatic;

  /// Nothing was selected: the sights of every family.
  bool is_tour() const {
    return !peers && workloads.empty() && types.empty() && sizes.empty() && params.empty() && filter.empty();
  }
};

/// Reads arguments and environment. Throws Failure for what is not understood, and for --help and --version one with
/// exit_ok whose message goes to standard output.
Settings parse(int argc, const char* const* argv);

}  // namespace flynn::bench
