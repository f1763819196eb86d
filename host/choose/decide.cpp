#include <algorithm>
#include <string>
#include <vector>

#include <host/choose/decide.hpp>
#include <host/choose/names.hpp>

namespace flynn {
namespace {

constexpr std::string_view verify_name = "verify";

void add(Decision& decision, std::string_view name) { decision.entries[decision.count++] = find_entry(name); }

bool has_device_of_its_own(const OpenBackend& open) {
  if (!open.status.ok() || !open.backend->device_count) return false;
  for (std::size_t i = 0; i < open.backend->device_count(); ++i)
    if (!open.backend->device(i).is_cpu) return true;
  return false;
}

/// The kernels of threads are those of simd; scalar shares no loop with them.
void choose_witnesses(Decision& decision) {
  add(decision, "threads");
  for (const Entry& entry : registry())
    if (decision.count < Decision::most && !entry.runs_on_host && has_device_of_its_own(open_backend(entry)))
      add(decision, entry.name);
  if (decision.count == 1) add(decision, "scalar");
}

/// Of "a,b,c".
Status read_witnesses(std::string_view list, bool from_environment, Decision& decision, Text& text) {
  for (std::size_t begin = 0; begin <= list.size();) {
    const std::size_t end = std::min(list.find(',', begin), list.size());
    const std::string_view name = list.substr(begin, end - begin);
    const Entry* entry = find_entry(name);
    if (!entry) return unknown_backend(text, name, from_environment);
    if (decision.count == Decision::most || std::ranges::find(decision.all(), entry) != decision.all().end())
      return fail(text, Code::invalid_argument, "verify takes up to %zu backends, each once", Decision::most);
    decision.entries[decision.count++] = entry;
    begin = end + 1;
  }
  if (decision.count > 1) return {};
  hint(text, "give another one, for example verify:%s,scalar", decision.first().name.data());
  return fail(text, Code::invalid_argument, "verify needs two backends that do the same work");
}

}  // namespace

const Entry* find_entry(std::string_view name) {
  for (const Entry& entry : registry())
    if (entry.name == name) return &entry;
  return nullptr;
}

Status unknown_backend(Text& text, std::string_view name, bool from_environment) {
  std::vector<std::string_view> names = {"auto", verify_name};
  for (const Entry& entry : registry()) names.push_back(entry.name);
  const std::string nearest(nearest_name(name, names)), known = known_names(names);
  hint(text, "did you mean %s?", nearest.c_str());
  return fail(text, Code::invalid_argument, "unknown backend \"%.*s\"%s; known are %s",
              int(std::min<std::size_t>(name.size(), 40)), name.data(), from_environment ? " in FLYNN_BACKEND" : "",
              known.c_str());
}

Status read_request(const Options& options, std::string_view environment, Decision& decision, Text& text) {
  const bool from_environment = options.backend.empty() && !environment.empty();
  const std::string_view name = from_environment ? environment : options.backend;
  if (name.empty() || name == "auto") return {};
  decision.reason = from_environment ? Reason::environment : Reason::requested;
  if (name.starts_with(verify_name)) {
    decision.requested = verify_name;
    if (name == verify_name) {
      choose_witnesses(decision);
      return {};
    }
    if (name[verify_name.size()] == ':')
      return read_witnesses(name.substr(verify_name.size() + 1), from_environment, decision, text);
  }
  const Entry* const entry = find_entry(name);
  if (!entry) return unknown_backend(text, name, from_environment);
  add(decision, entry->name);
  decision.requested = entry->name;
  return {};
}

Explanation explain(const Question& question, const Chooser* chooser, const Decision& decision) {
  const SpecInfo& info = AllSpecs::infos[question.index];
  Explanation explanation = {.workload = info.workload,
                             .type = info.type,
                             .requested = decision.requested,
                             .chosen = decision.first().name,
                             .reason = decision.reason};
  if (decision.requested == "auto") {
    chooser->explain(question, decision.first(), explanation);
    return explanation;
  }
  for (const Entry& entry : registry()) {
    const bool is_chosen = std::ranges::find(decision.all(), &entry) != decision.all().end();
    explanation.candidates[explanation.count++] = {.backend = entry.name,
                                                   .standing = is_chosen ? Standing::chosen : Standing::not_asked};
  }
  return explanation;
}

}  // namespace flynn
