#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <algorithm>
#include <cstdlib>
#include <regex>

#include <bench/exit_code.hpp>
#include <bench/format.hpp>
#include <bench/options.hpp>
#include <host/choose/names.hpp>

namespace flynn::bench {
namespace {

constexpr std::string_view commands[] = {"run", "list", "info", "doctor", "ceilings", "calibrate", "regret"};

constexpr const char* commands_help = R"(
Commands (the first argument):
  run       measure; without a selection a tour of at most 60 s over all families and backends. The default.
  list, -l  which backend has which workload for which type, and the devices
  info      the machine, the budget of threads, the settings and where they come from
  doctor    why a backend is missing, and the command that cures it
  ceilings  what this machine can do: multiply-adds and bandwidth, by instruction set, cache level, pages and threads
  calibrate measures every workload on every backend, so that auto knows which one is the fastest here
  regret    how much slower auto is than the best backend
`compute_bench COMMAND --help` lists the flags of each.
)";
constexpr const char* run_footer = R"(
Exit codes: 0 fine, 1 a run failed, 2 usage, 3 a backend that was asked for is not here, 4 a result was wrong,
65 a file is not what it should be, 74 a file could not be written, 124 timeout, 130 and 143 interrupted and terminated (what was done by then is written).

Examples:
  compute_bench                                     the tour
  compute_bench --backend simd,threads --workload axpy,dot --size 1Ki..64Mi
  compute_bench --filter 'gemm/f32/.*/(simd|threads)' --size 1024 --json r.json
  compute_bench --peers --workload gemm             flynn beside OpenBLAS, BLIS and Eigen
  compute_bench --workload mp                       flynn::mp beside Python's multiprocessing
  compute_bench --self-test                         plant an error in every result; each must be noticed)";

/// Options that need a second look: CLI11 collects their texts, `finish` understands them.
struct Texts {
  std::string backend, workload, type, params, size, output, color = "auto", progress = "auto";
  std::string min_time, warmup, max_noise, timeout, peer_limit;
  bool no_validate = false, version = false;
};

[[noreturn]] void refuse(const std::string& message) { throw Failure(exit_usage, message); }

void add_common(CLI::App& app, Texts& t) {
  app.add_flag("--version", t.version, "Print the version");
  app.add_option("--color", t.color, "auto, always or never [auto]; NO_COLOR and CLICOLOR_FORCE count too")
      ->type_name("WHEN");
  app.footer(app.get_name() == "compute_bench" ? std::string(commands_help) + run_footer : "");
}

void add_threads(CLI::App& app, Settings& s) {
  app.add_option("--threads", s.threads, "At most so many threads [all that affinity and quota allow]")
      ->type_name("COUNT");
}

void add_progress(CLI::App& app, Texts& t) {
  app.add_option("--progress", t.progress, "auto, always or never [auto: on a terminal]")->type_name("WHEN");
}

/// Which rows, and for how long.
void add_selection(CLI::App& app, Settings& s, Texts& t, const char* also = "") {
  app.add_option("--workload", t.workload, fmt::format("Comma list of workloads, or all{}", also))->type_name("LIST");
  app.add_option("--type", t.type, "Comma list of element types: f32, f64, i32, u32, i64, u64")->type_name("LIST");
  app.add_option("-n,--size", t.size, "Sizes: 64Ki, 1e8, a list, or 1Ki..1Gi in steps of 4. Elements; of gemm the order")
      ->type_name("LIST");
  app.add_option("--timeout", t.timeout, "End after so long with exit code 124, partial results written [none]")
      ->type_name("TIME");
  add_threads(app, s);
  add_progress(app, t);
}

void add_run(CLI::App& app, Settings& s, Texts& t) {
  add_selection(app, s, t, "; or mp, processes beside Python's [the tour]");
  app.add_option("-b,--backend", t.backend,
                 "Comma list of backends, all (that are here), auto (flynn chooses) or verify (several must agree) "
                 "[FLYNN_BACKEND, else all]")
      ->type_name("LIST");
  app.add_option("-d,--device", s.device, "Device of a device backend, as `list` counts them [the best]")
      ->type_name("INDEX");
  app.add_flag("--isolate", s.isolate, "Run device backends in a process of their own, which may crash");
  app.add_option("-f,--filter", s.filter, "Only rows whose workload/type/n/backend holds this regular expression")
      ->type_name("REGEX");
  app.add_option("--params", t.params, "Kinds of input, as gemm has 16-rows and factorize 64-bit, or all [the usual]")
      ->type_name("LIST");
  app.add_flag("--peers", s.peers, "Beside other libraries, which `./run peers` installs and builds: who is faster?");
  app.add_option("--peer-limit", t.peer_limit, "End a peer that does not answer for so long [60s]")->type_name("TIME");
  app.add_flag("--quick", s.quick, "A fifth of the time: 5 samples, 0.1 s and 5 % noise for each figure");
  app.add_flag("--self-test", s.self_test, "Plant an error in every workload and type; each must be noticed");
  app.add_flag("--no-validate", t.no_validate, "Do not verify the results; the figures are marked unchecked");
  app.add_flag("--dry-run", s.dry_run, "Print the rows that would be measured");
  app.add_option("--min-time", t.min_time, "Sample each figure for at least so long [0.5s]")->type_name("TIME");
  app.add_option("--warmup", t.warmup, "Warm up for at most so long [0.1s]")->type_name("TIME");
  app.add_option("--repetitions", s.rules.repetitions, "Take at least so many samples, 1 to 1000 [10]")
      ->type_name("COUNT");
  app.add_option("--max-noise", t.max_noise, "Sample until the relative MAD is below it, or 4 x --min-time [2%]")
      ->type_name("PERCENT");
  app.add_option("--seed", s.rules.seed, "Of the inputs, the order and the bootstrap [1]")->type_name("NUMBER");
  app.add_option("-j,--json", s.json, "Write the result as JSON (schema compute-bench/1); - is standard output")
      ->type_name("FILE");
  app.add_option("--csv", s.csv, "Write the rows as CSV")->type_name("FILE");
  app.add_option("--md", s.markdown, "Write the rows as a Markdown table")->type_name("FILE");
  app.add_option("-o,--output", t.output, "The same by its ending: .json, .csv or .md")->type_name("FILE");
  app.add_flag("--explain", s.explain, "Say of each row what auto would choose and why, instead of measuring");
  app.add_option("--inventory", s.inventory, "Explain for the machine that wrote this with `info --json`")
      ->type_name("FILE");
  app.add_flag("-q,--quiet", s.quiet, "No table, only failures");
  app.add_flag("-v,--verbose", s.verbose, "More about each figure: batch, samples, interval, cold start");
}

void add_calibrate(CLI::App& app, Settings& s, Texts& t) {
  app.add_flag("--quick", s.quick, "Within a minute");
  add_threads(app, s);
  add_progress(app, t);
}

void add_regret(CLI::App& app, Settings& s, Texts& t) {
  add_selection(app, s, t, "; or mp, processes beside Python's [the tour]");
  app.add_option("-b,--backend", t.backend, "Comma list of backends to compare with, or all [those of the host]")
      ->type_name("LIST");
  app.add_option("-j,--json", s.json, "Write the figures as JSON (schema compute-bench-regret/1); - is standard output")
      ->type_name("FILE");
}

When when_of(const std::string& text, const char* flag) {
  if (text == "auto") return When::automatic;
  if (text == "always") return When::always;
  if (text == "never") return When::never;
  refuse(fmt::format("{} is \"{}\"; known are auto, always and never", flag, text));
}

void take_time(const std::string& text, const char* flag, double& value) {
  if (text.empty()) return;
  const auto seconds = parse_time(text);
  if (!seconds) refuse(fmt::format("{} is \"{}\"; give a time like 0.5s, 100ms or 2min", flag, text));
  value = *seconds;
}

/// Each of `list` must be in `known`.
std::vector<std::string> names_of(const std::string& list, const char* what, std::span<const std::string_view> known) {
  if (list.empty()) return {};
  std::vector<std::string> names;
  for (const std::string& name : split(list)) {
    if (std::ranges::find(known, name) == known.end())
      refuse(fmt::format("unknown {} \"{}\"; known are {}. Did you mean {}?", what, name, known_names(known),
                         nearest_name(name, known)));
    if (std::ranges::find(names, name) == names.end()) names.push_back(name);
  }
  return names;
}

void take_names(Settings& s, const Texts& t) {
  std::vector<std::string_view> workloads = {"all", "mp"}, types, params = {"all"};
  auto add = [](std::vector<std::string_view>& to, std::string_view name) {
    if (std::ranges::find(to, name) == to.end()) to.push_back(name);
  };
  for (const Subject& subject : subjects()) {
    add(workloads, subject.info.workload), add(types, subject.info.type);
    if (!subject.params.empty()) add(params, subject.params);
  }
  s.workloads = names_of(t.workload, "workload", workloads);
  if (s.workloads.size() > 1 && std::ranges::find(s.workloads, "mp") != s.workloads.end())
    refuse("--workload mp stands alone: it is about processes, not backends");
  s.types = names_of(t.type, "type", types);
  s.params = names_of(t.params, "kind of input", params);
  const char* variable = std::getenv("FLYNN_BACKEND");
  const bool from_environment = t.backend.empty() && variable && *variable;
  if (!t.backend.empty()) s.backends_from = Source::flag;
  if (from_environment) s.backends_from = Source::environment;
  if (s.peers && t.backend.empty()) s.backends = {"simd", "threads"};
  // The names of backends are the library's to know: see selection.cpp.
  if (const std::string list = from_environment ? variable : t.backend; !list.empty()) s.backends = split(list);
}

void take_output(Settings& s, const Texts& t) {
  if (!t.output.empty()) {
    if (t.output.ends_with(".json"))
      s.json = t.output;
    else if (t.output.ends_with(".csv"))
      s.csv = t.output;
    else if (t.output.ends_with(".md"))
      s.markdown = t.output;
    else
      refuse(fmt::format("--output is \"{}\"; known endings are .json, .csv and .md", t.output));
  }
  if (!s.inventory.empty() && !s.explain)
    refuse("--inventory is of a machine that is not here: it can be explained with --explain and not measured");
  if (s.self_test && !(s.json + s.csv + s.markdown).empty()) refuse("--self-test measures nothing and writes no files");
  if ((s.json == "-") + (s.csv == "-") + (s.markdown == "-") > 1) refuse("only one of --json, --csv and --md can be -");
}

void finish(Settings& s, const Texts& t) {
  take_names(s, t);
  take_output(s, t);
  if (!t.size.empty()) {
    const auto sizes = parse_sizes(t.size);
    if (!sizes) refuse(fmt::format("--size is \"{}\"; give sizes like 1000, 64Ki, 1e8, 1Ki,1Mi or 1Ki..1Gi", t.size));
    s.sizes = *sizes;
  }
  try {
    std::regex check(s.filter);
  } catch (const std::regex_error& error) {
    refuse(fmt::format("--filter is \"{}\"; that is no regular expression: {}", s.filter, error.what()));
  }
  s.has_own_times = !t.min_time.empty() || !t.max_noise.empty() || !t.warmup.empty();
  if (s.quick) s.rules.min_seconds = 0.1, s.rules.max_noise = 0.05, s.rules.repetitions = 5;
  take_time(t.min_time, "--min-time", s.rules.min_seconds);
  take_time(t.warmup, "--warmup", s.rules.warmup_seconds);
  take_time(t.timeout, "--timeout", s.timeout);
  take_time(t.peer_limit, "--peer-limit", s.peer_limit);
  if (!t.max_noise.empty()) {
    const auto noise = parse_percent(t.max_noise);
    if (!noise) refuse(fmt::format("--max-noise is \"{}\"; give a percentage like 2%", t.max_noise));
    s.rules.max_noise = *noise;
  }
  s.rules.validate = !t.no_validate;
  if (s.rules.repetitions < 1 || s.rules.repetitions > 1000)
    refuse(fmt::format("--repetitions is {}; give 1 to 1000", s.rules.repetitions));
  if (s.device < -1) refuse(fmt::format("--device is {}; devices count from 0", s.device));
  s.color = when_of(t.color, "--color");
  s.progress = when_of(t.progress, "--progress");
}

/// What CLI11 does not know, with the nearest thing that it does.
void refuse_rest(const CLI::App& app) {
  const std::vector<std::string> rest = app.remaining();
  if (rest.empty()) return;
  std::vector<std::string> names;
  for (const CLI::Option* option : app.get_options())
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  std::vector<std::string_view> views(names.begin(), names.end());
  const std::string& wrong = rest.front();
  if (wrong.starts_with("-"))
    refuse(fmt::format("unknown flag {}; did you mean {}? `{} --help` lists all", wrong,
                       nearest_name(wrong.substr(0, wrong.find('=')), views), app.get_name()));
  refuse(fmt::format("\"{}\" is not understood here; the command comes first, and flags begin with --", wrong));
}

/// Takes the command out of the arguments.
Command take_command(std::vector<std::string>& arguments) {
  if (arguments.empty()) return Command::run;
  if (arguments[0] == "-l" || arguments[0] == "--list") arguments[0] = "list";
  if (arguments[0].starts_with("-")) return Command::run;
  const auto* found = std::ranges::find(commands, arguments[0]);
  if (found == std::end(commands))
    refuse(fmt::format("unknown command \"{}\"; known are {}. Did you mean {}?", arguments[0], known_names(commands),
                       nearest_name(arguments[0], commands)));
  arguments.erase(arguments.begin());
  return Command(found - commands);
}

const char* description_of(Command command) {
  switch (command) {
    case Command::run:
      return "Measures the workloads of flynn on every backend of this machine and verifies each result.";
    case Command::list:
      return "Lists backends, devices and which workload each has for which type.";
    case Command::info:
      return "Prints the machine, the budget of threads, the backends and the settings.";
    case Command::ceilings:
      return "Measures what this machine can do.";
    case Command::calibrate:
      return "Measures every workload on every backend of this machine, and stores it for auto to choose by.";
    case Command::regret:
      return "Measures auto beside the backends that it chooses from: 12 sizes from 1 to 1e8 (elements; of gemm, of a "
             "matrix) of every workload.";
    case Command::doctor:
      return "Says of each missing backend why, and the command that cures it.";
  }
  return "";
}

}  // namespace

Settings parse(int argc, const char* const* argv) {
  std::vector<std::string> arguments(argv + std::min(argc, 1), argv + argc);
  Settings settings;
  Texts texts;
  settings.command = take_command(arguments);
  const std::string suffix = settings.command == Command::run ? "" : " " + std::string(commands[int(settings.command)]);
  CLI::App app(description_of(settings.command), "compute_bench" + suffix);
  app.allow_extras();
  app.get_formatter()->column_width(26);
  add_common(app, texts);
  if (settings.command == Command::run) add_run(app, settings, texts);
  if (settings.command == Command::calibrate) add_calibrate(app, settings, texts);
  if (settings.command == Command::regret) add_regret(app, settings, texts);
  if (settings.command == Command::list)
    app.add_option("-b,--backend", texts.backend, "Comma list of backends [all]")->type_name("LIST");
  if (settings.command == Command::ceilings) add_threads(app, settings);
  const Command printing[] = {Command::list, Command::info, Command::ceilings};
  if (std::ranges::find(printing, settings.command) != std::end(printing))
    app.add_flag("-j,--json", settings.as_json, "As JSON");
  try {
    std::ranges::reverse(arguments);  // CLI11 takes them from the back
    app.parse(arguments);
  } catch (const CLI::CallForHelp&) {
    throw Failure(exit_ok, app.help());
  } catch (const CLI::ParseError& error) {
    refuse(error.what());
  }
  refuse_rest(app);
  if (texts.version) throw Failure(exit_ok, fmt::format("compute_bench {}\n", version()));
  finish(settings, texts);
  return settings;
}

}  // namespace flynn::bench
