#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>

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

/// Where a file is written before it takes the place of an older one: beside it, so that a full disk costs nothing that
/// was there. What is no file (a pipe, /dev/null) is written as it is.
std::string place_of(const std::string& path) {
  std::error_code error;
  if (std::filesystem::exists(path, error) && !std::filesystem::is_regular_file(path, error)) return path;
  return fmt::format("{}.{}.part", std::filesystem::weakly_canonical(path, error).string(), getpid());
}

[[noreturn]] void cannot_write(const std::string& path) {
  throw Failure(exit_input_output, fmt::format("cannot write {}: {}", path, std::strerror(errno)));
}

/// The old file stays until the new one is whole.
void replace_file(const std::string& path, const std::string& text) {
  const std::string place = place_of(path);
  std::FILE* const file = std::fopen(place.c_str(), "w");
  if (!file) cannot_write(path);
  const bool is_written = std::fwrite(text.data(), 1, text.size(), file) == text.size();
  int error = is_written ? 0 : errno;
  if (std::fclose(file) != 0 && error == 0) error = errno;
  if (place == path && error == 0) return;
  std::error_code unused;
  const std::filesystem::path target = std::filesystem::weakly_canonical(path, unused);
  if (error == 0 && std::rename(place.c_str(), target.c_str()) != 0) error = errno;
  if (error == 0) return;
  if (place != path) std::filesystem::remove(place, unused);
  errno = error;
  cannot_write(path);
}

}  // namespace

bool takes_stdout(const Settings& s) { return s.json == "-" || s.csv == "-" || s.markdown == "-"; }

void check_outputs(const Settings& settings) {
  for (const Output& output : outputs_of(settings)) {
    if (output.path.empty() || output.path == "-") continue;
    const std::string place = place_of(output.path);
    std::FILE* file = std::fopen(place.c_str(), "a");
    if (!file) cannot_write(output.path);
    std::fclose(file);
    if (place != output.path) std::filesystem::remove(place);
  }
}

void write_file(const std::string& path, const std::string& text) {
  if (path != "-") return replace_file(path, text);
  if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size() || std::fflush(stdout) != 0)
    cannot_write("standard output");
}

void write_outputs(const Settings& settings, const RunResult& run) {
  for (const Output& output : outputs_of(settings)) {
    if (output.path.empty()) continue;
    write_file(output.path, output.text(run));
  }
}

}  // namespace flynn::bench
