#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <mutex>

#include <flynn/mp/process.hpp>
#include <host/mp/trace.hpp>

namespace flynn::mp {
namespace {

/// About 100 MB; a trace is for looking at.
constexpr std::size_t most_events = 1'000'000;

const char* file_name() {
  const char* const name = secure_getenv("FLYNN_MP_TRACE");
  return name && *name ? name : nullptr;
}

std::string quoted(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
  }
  return out + '"';
}

/// The lines of a trace: https://docs.google.com/document/d/1CvAClvFfyA5R-PhYUmn5OOQtYMH4h6I0nSsKchNAySU
class Lines {
 public:
  void lane(std::int64_t worker, const std::string& name) {
    line("{\"ph\":\"M\",\"name\":\"thread_name\"" + where(worker) + ",\"args\":{\"name\":" + quoted(name) + "}}");
  }
  void bar(std::int64_t worker, const char* kind, const std::string& name, std::int64_t begin, std::int64_t end) {
    line("{\"ph\":\"X\",\"cat\":\"" + std::string(kind) + "\",\"name\":" + quoted(name) + where(worker) + time(begin) +
         ",\"dur\":" + microseconds(end - begin) + "}");
  }
  /// An arrow from one lane to another.
  void message(std::size_t id, const char* name, std::int64_t from, std::int64_t sent, std::int64_t to,
               std::int64_t received) {
    std::string common = ",\"cat\":\"message\",\"name\":\"";
    common.append(name).append("\",\"id\":").append(std::to_string(id));
    line("{\"ph\":\"s\"" + common + where(from) + time(sent) + "}");
    line("{\"ph\":\"f\",\"bp\":\"e\"" + common + where(to) + time(received) + "}");
  }
  const std::string& text() const { return text_; }

 private:
  void line(const std::string& event) {
    if (!text_.empty()) text_ += ",\n";
    text_ += event;
  }
  static std::string where(std::int64_t lane) {
    return ",\"pid\":" + std::to_string(getpid()) + ",\"tid\":" + std::to_string(lane);
  }
  static std::string time(std::int64_t ns) { return ",\"ts\":" + microseconds(ns); }
  static std::string microseconds(std::int64_t ns) {
    char text[40];
    std::snprintf(text, sizeof text, "%.3f", double(ns) / 1000);
    return text;
  }
  std::string text_;
};

/// Puts the lines before the bracket that ends the file. 0 or an error of errno.
int append(const std::string& lines, bool is_first) {
  std::FILE* const file = std::fopen(file_name(), is_first ? "we" : "r+e");
  if (!file) return errno;
  constexpr long end = 3;  // "\n]\n"
  const bool is_there = is_first || std::fseek(file, -end, SEEK_END) == 0;
  const bool is_written = is_there && std::fprintf(file, "%s%s\n]\n", is_first ? "[\n" : ",\n", lines.c_str()) > 0;
  const int error = is_written ? 0 : errno;
  return std::fclose(file) == 0 ? error : errno;
}

}  // namespace

bool Trace::is_wanted() { return file_name() && !parent_process(); }

void Trace::add(std::string name, std::int64_t sent, TaskTimes times, std::int64_t received, bool died) {
  if (events_.size() == most_events)
    ++left_out_;
  else
    events_.push_back({std::move(name), sent, received, times, died});
}

void Trace::write() {
  static std::mutex mutex;
  static std::size_t last_id = 0;
  static bool is_first = true;
  if (events_.empty()) return;
  const std::lock_guard lock(mutex);
  std::ranges::sort(events_, {}, [](const Event& e) { return e.times.begin; });
  Lines lines;
  std::map<std::int64_t, std::int64_t> ends;  // of what each worker did last
  lines.lane(getpid(), "program");
  for (Event& e : events_) {
    if (e.times.worker == 0) continue;  // it was lost on the way
    if (!ends.contains(e.times.worker)) lines.lane(e.times.worker, "worker " + std::to_string(e.times.worker));
    if (e.times.end < e.times.begin) e.times.end = e.received;  // it did not come to its end
    if (const std::int64_t last = ends[e.times.worker]; last > 0)
      lines.bar(e.times.worker, "wait", "wait", last, e.times.begin);
    ends[e.times.worker] = e.times.end;
    lines.bar(e.times.worker, e.died ? "lost" : "task", e.name, e.times.begin, e.times.end);
    lines.message(++last_id, "call", getpid(), e.sent, e.times.worker, e.times.begin);
    if (!e.died) lines.message(++last_id, "answer", e.times.worker, e.times.end, getpid(), e.received);
  }
  events_.clear();
  if (left_out_ > 0) std::fprintf(stderr, "flynn::mp: %zu tasks are not in the trace: it is full\n", left_out_);
  if (const int error = append(lines.text(), is_first))
    std::fprintf(stderr, "flynn::mp: cannot write the trace %s: %s\n", file_name(), std::strerror(error));
  is_first = false;
}

}  // namespace flynn::mp
