#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <regex>

#include <bench/exit_code.hpp>
#include <bench/format.hpp>
#include <bench/selection.hpp>

namespace flynn::bench {
namespace {

/// What is no backend and can be asked for like one, as a row of its own.
BackendInfo automatic() { return {.name = "auto", .kind = FlynnClass::sisd, .available = true}; }
BackendInfo verified() { return {.name = "verify", .kind = FlynnClass::misd, .available = true}; }
bool is_way(std::string_view name) { return name == "all" || name == "auto" || name == "verify"; }

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

/// With peers: in and far beyond the caches, and the sets of numbers as large as makes the slowest peer take seconds.
std::vector<std::size_t> peer_sizes(const Subject& subject) {
  const std::string_view params = subject.params;
  switch (subject.info.rate) {
    case Rate::bytes:
      return {100'000, 100'000'000};
    case Rate::flops:
      if (params.empty()) return {64, 256, 512, 1024, 2048, 4096};
      return {params.starts_with("16") ? std::size_t{4096} : std::size_t{1024}};
    case Rate::items:
      if (params == "48-bit") return {100'000};
      if (params == "64-bit") return {20'000};
      if (params.ends_with("semiprimes")) return {params.starts_with("52") ? std::size_t{10'000} : std::size_t{4'000}};
      return {1'000'000};
  }
  return {};
}

bool contains(const std::vector<std::string>& names, std::string_view name) {
  return names.empty() || std::ranges::find(names, name) != names.end() ||
         std::ranges::find(names, "all") != names.end();
}

/// Throws Failure when there is none.
std::vector<PeerInfo> peers_for(const Settings& settings) {
  std::vector<PeerInfo> peers = find_peers(settings.peer_limit);
  if (peers.empty())
    throw Failure(exit_unavailable, "no peers are built; `./run peers` installs and builds them, then runs this");
  return peers;
}

}  // namespace

std::string row_name(const Subject& subject, std::size_t n) {
  return fmt::format("{}{}{}/{}/{}", subject.info.workload, subject.params.empty() ? "" : ":", subject.params,
                     subject.info.type, size_text(n));
}

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
  if (settings.peers) backends.peers = peers_for(settings);
  for (const std::string& name : settings.backends) {
    if (is_way(name)) continue;
    if (std::ranges::find(backends.all, name, &BackendInfo::name) != backends.all.end()) continue;
    try {
      backends.all.push_back(context.backend(name));
    } catch (const Error& error) {
      const char* origin = settings.backends_from == Source::environment ? "FLYNN_BACKEND: " : "";
      throw Failure(exit_usage, fmt::format("{}{}", origin, error.what()));
    }
    backends.has_missing |= !backends.all.back().available;
  }
  auto is_asked_for = [&](std::string_view name) {
    return std::ranges::find(settings.backends, name) != settings.backends.end();
  };
  for (const BackendInfo& way : {automatic(), verified()})
    if (is_asked_for(way.name)) backends.all.push_back(way);
  if (settings.backends.empty() || is_asked_for("all"))
    for (BackendInfo& info : context.backends())
      if (std::ranges::find(backends.all, info.name, &BackendInfo::name) == backends.all.end())
        backends.all.push_back(std::move(info));
  return backends;
}

bool passes(const std::string& filter, const Subject& subject, std::size_t n, std::string_view backend) {
  if (filter.empty()) return true;
  return std::regex_search(fmt::format("{}/{}", row_name(subject, n), backend), std::regex(filter));
}

std::vector<Group> select(const Settings& settings, const Backends& backends) {
  std::vector<Group> groups;
  for (const Subject& subject : subjects()) {
    if (!contains(settings.workloads, subject.info.workload) || !contains(settings.types, subject.info.type)) continue;
    const auto kinds = settings.params.empty() && !settings.peers ? std::vector<std::string>{""} : settings.params;
    if (!contains(kinds, subject.params)) continue;
    const auto usual = settings.peers ? peer_sizes(subject) : usual_sizes(subject.info.rate);
    for (std::size_t n : settings.sizes.empty() ? usual : settings.sizes) {
      Group group{&subject, n, {}};
      for (const BackendInfo* info : backends.usable())
        if (passes(settings.filter, subject, n, info->name)) group.backends.push_back(info);
      for (const PeerInfo& info : backends.peers)
        if (info.reason.empty() && info.has[std::size_t(&subject - subjects().data())] &&
            passes(settings.filter, subject, n, info.name))
          group.peers.push_back(&info);
      if (group.backends.empty() || (settings.peers && group.peers.empty())) continue;
      groups.push_back(std::move(group));
    }
  }
  return groups;
}

const Subject& subject_of(std::string_view workload, std::string_view type) {
  return *std::ranges::find_if(subjects(),
                               [&](const Subject& s) { return s.info.workload == workload && s.info.type == type; });
}

}  // namespace flynn::bench
