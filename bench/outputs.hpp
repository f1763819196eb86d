#pragma once
#include <bench/options.hpp>
#include <bench/run_result.hpp>

namespace flynn::bench {

/// Throws Failure when a result file cannot be written: now, and not after an hour of measuring.
void check_outputs(const Settings& settings);

/// Writes the files that the settings name. Throws Failure.
void write_outputs(const Settings& settings, const RunResult& run);

/// Writes a text; "-" is standard output. Throws Failure.
void write_file(const std::string& path, const std::string& text);

/// Whether one of them goes to standard output; the table for people then goes to standard error.
bool takes_stdout(const Settings& settings);

}  // namespace flynn::bench
