#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <regex>

#include <bench/exit_code.hpp>
#include <bench/format.hpp>
#include <bench/selection.hpp>

namespace flynn::bench {
namespace {

/// `auto` as a row of its own: flynn chooses for each call.
BackendInfo automatic() { return {.name = "auto", .kind = FlynnClass::sisd, .available = true}; }

/// Without a wish: by the rate that the workload is known by, one size that caches hold and one that they do not.
std::vector<std::size_t> usual_sizes(Rate rate) {
  switch (rate) {
    case Rate::bytes:
      return {64 << 10, 64 << 20};
    case Rate::flops:
      return {256, 1024};
    case Rate::items:
      return {10'000};
  }
  return {};
}

bool contains(const std::vector<std::string>& names, std::string_view name) {
  return names.empty() || std::ranges::find(names, name) != names.end() ||
         std::ranges::find(names, "all") != names.end();
}

}  // namespace

std::vector<const BackendInfo*> Backends::usable() const {
  std::vector<const BackendInfo*> found;
  for (const BackendInfo& info : all)
    if (info.available) found.push_back(&info);
  return found;
}

void check_environment(Context& context) {
  if (!std::getenv("FLYNN_SIMD_ARCH")) return;
  const BackendInfo simd = context.backend("simd");
  if (!simd.available) throw Failure(exit_usage, fmt::format("{}; {}", simd.reason, simd.hint));
}

Backends find_backends(Context& context, const Settings& settings) {
  check_environment(context);
  Backends backends;
  for (const std::string& name : settings.backends) {
    if (name == "all" || name == "auto") continue;
    if (std::ranges::find(backends.all, name, &BackendInfo::name) != backends.all.end()) continue;
    try {
      backends.all.push_back(context.backend(name));
    } catch (const Error& error) {
      const char* origin = settings.backends_from == Source::environment ? "FLYNN_BACKEND: " : "";
      throw Failure(exit_usage, fmt::format("{}{}", origin, error.what()));
    }
    backends.has_missing |= !backends.all.back().available;
  }
  if (std::ranges::find(settings.backends, "auto") != settings.backends.end()) backends.all.push_back(automatic());
  if (settings.backends.empty() || std::ranges::find(settings.backends, "all") != settings.backends.end())
    for (BackendInfo& info : context.backends())
      if (std::ranges::find(backends.all, info.name, &BackendInfo::name) == backends.all.end())
        backends.all.push_back(std::move(info));
  return backends;
}

bool passes(const std::string& filter, const Subject& subject, std::size_t n, std::string_view backend) {
  if (filter.empty()) return true;
  const std::string row = fmt::format("{}/{}/{}/{}", subject.info.workload, subject.info.type, size_text(n), backend);
  return std::regex_search(row, std::regex(filter));
}

std::vector<Group> select(const Settings& settings, const Backends& backends) {
  std::vector<Group> groups;
  for (const Subject& subject : subjects()) {
    if (!contains(settings.workloads, subject.info.workload) || !contains(settings.types, subject.info.type)) continue;
    for (std::size_t n : settings.sizes.empty() ? usual_sizes(subject.info.rate) : settings.sizes) {
      Group group{&subject, n, {}};
      for (const BackendInfo* info : backends.usable())
        if (passes(settings.filter, subject, n, info->name)) group.backends.push_back(info);
      if (!group.backends.empty()) groups.push_back(std::move(group));
    }
  }
  return groups;
}

const Subject& subject_of(std::string_view workload, std::string_view type) {
  return *std::ranges::find_if(subjects(),
                               [&](const Subject& s) { return s.info.workload == workload && s.info.type == type; });
}

}  // namespace flynn::bench
