#include <fmt/format.h>

#include <bench/commands.hpp>
#include <bench/inventory_json.hpp>
#include <bench/selection.hpp>

namespace flynn::bench {
namespace {

/// A spec as `explain` asks for it: the views have extents and no memory.
Explanation explain_row(Context& context, const Subject& subject, std::size_t n, const Options& options) {
  std::size_t index = 0;
  while (AllSpecs::infos[index].id != subject.info.id) ++index;
  Text text;
  Explanation explanation;
  const Status status = context.explain({index, nullptr, subject.cost(n)}, options, text, explanation);
  if (!status.ok()) throw detail::make_error(status, text, {});
  return explanation;
}

}  // namespace

Exit explain(const Settings& settings) {
  Context::Settings wanted{.threads = settings.threads};
  if (!settings.inventory.empty()) wanted.inventory = read_inventory(settings.inventory);
  Context context(wanted);
  // One row for each size; which backend is asked for is the library's to say.
  Backends one;
  one.all.push_back({.name = "auto", .kind = FlynnClass::sisd, .available = true});
  const std::string backend = settings.backends.empty() ? "auto" : settings.backends.front();
  const Options options{.backend = backend, .device = settings.device, .context = &context};
  for (const Group& group : select(settings, one)) {
    fmt::print("n = {}: ", group.n);
    try {
      fmt::print("{}", explain_row(context, *group.subject, group.n, options).text());
    } catch (const Error& error) {
      fmt::print("{}: {}\n", backend, error.what());
      if (error.code() == Code::invalid_argument) return exit_usage;
      return exit_unavailable;
    }
  }
  return exit_ok;
}

}  // namespace flynn::bench
