#pragma once
#include <array>
#include <span>
#include <string_view>

#include <flynn/context.hpp>
#include <host/choose/chooser.hpp>
#include <host/registry.hpp>

namespace flynn {

/// The entry of that name; null when there is none.
const Entry* find_entry(std::string_view name);

/// Says which names are known, and which is the nearest. `from_environment`: FLYNN_BACKEND had it.
Status unknown_backend(Text& text, std::string_view name, bool from_environment);

/// Where a call shall run and why.
struct Decision {
  static constexpr std::size_t most = 4;
  std::array<const Entry*, most> entries = {};  ///< one; with "verify" all that do the same work
  std::size_t count = 0;
  std::string_view requested = "auto";
  Reason reason = Reason::requested;

  std::span<const Entry* const> all() const { return {entries.data(), count}; }
  const Entry& first() const { return *entries[0]; }
  bool is_verified() const { return count > 1; }
};

/// By the caller's word, else by `environment` (the value of FLYNN_BACKEND, empty when not set). A decision without an
/// entry leaves the choice to auto. "verify" is threads against each device that is no CPU, against scalar where there
/// is none, and opens drivers to know; "verify:a,b" is those backends.
Status read_request(const Options& options, std::string_view environment, Decision& decision, Text& text);

/// The same with what was thought of every backend. The decision must be one for that question; `chooser` is who made
/// it, and may be null when it was not left to auto.
Explanation explain(const Question& question, const Chooser* chooser, const Decision& decision);

}  // namespace flynn
