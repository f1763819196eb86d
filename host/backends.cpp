#include <flynn/context.hpp>
#include <host/choose/decide.hpp>
#include <host/module.hpp>
#include <host/registry.hpp>

namespace flynn {
namespace {

BackendInfo describe(const Entry& entry) {
  const OpenBackend& open = open_backend(entry);
  BackendInfo info{.name = entry.name,
                   .kind = entry.kind,
                   .available = open.status.ok(),
                   .reason = open.text.message,
                   .hint = open.text.hint};
  if (!open.status.ok()) return info;
  info.architecture = architecture_of(entry);
  if (open.backend->device_count)
    for (std::size_t i = 0; i < open.backend->device_count(); ++i) info.devices.push_back(open.backend->device(i));
  info.left_out = left_out_by(entry.name);
  for (std::size_t i = 0; i < AllSpecs::size; ++i)
    if (!open.kernels[i]) info.missing.push_back(full_name_of(i));
  return info;
}

}  // namespace

std::vector<BackendInfo> Context::backends() {
  std::vector<BackendInfo> all;
  for (const Entry& entry : registry()) all.push_back(describe(entry));
  return all;
}

BackendInfo Context::backend(std::string_view name) {
  const Entry* entry = find_entry(name);
  if (entry) return describe(*entry);
  Text text;
  const Status status = unknown_backend(text, name, false);
  throw detail::make_error(status, text, {});
}

}  // namespace flynn
