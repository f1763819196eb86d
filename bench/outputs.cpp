#include <fmt/format.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include <bench/exit_code.hpp>
#include <bench/outputs.hpp>

namespace flynn::bench {
namespace {

struct Output {
  const std::string& path;
  std::string (*text)(const RunResult&);
};

std::array<Output, 3> outputs_of(const Settings& s) {
  return {{{s.json, json_text}, {s.csv, csv_text}, {s.markdown, markdown_text}}};
}

[[noreturn]] void cannot_write(const std::string& path) {
  throw Failure(exit_input_output, fmt::format("cannot write {}: {}", path, std::strerror(errno)));
}

}  // namespace

bool takes_stdout(const Settings& s) { return s.json == "-" || s.csv == "-" || s.markdown == "-"; }

void check_outputs(const Settings& settings) {
  for (const Output& output : outputs_of(settings)) {
    if (output.path.empty() || output.path == "-") continue;
    std::FILE* file = std::fopen(output.path.c_str(), "a");
    if (!file) cannot_write(output.path);
    std::fclose(file);
  }
}

void write_file(const std::string& path, const std::string& text) {
  std::FILE* file = path == "-" ? stdout : std::fopen(path.c_str(), "w");
  if (!file) cannot_write(path);
  const bool is_written = std::fwrite(text.data(), 1, text.size(), file) == text.size();
  const bool is_flushed = file == stdout ? std::fflush(file) == 0 : std::fclose(file) == 0;
  if (!is_written || !is_flushed) cannot_write(path);
}

void write_outputs(const Settings& settings, const RunResult& run) {
  for (const Output& output : outputs_of(settings)) {
    if (output.path.empty()) continue;
    write_file(output.path, output.text(run));
  }
}

}  // namespace flynn::bench
