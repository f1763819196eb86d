#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdio>
#include <string>
#include <vector>

#include <host/choose/chooser.hpp>
#include <host/choose/decide.hpp>
#include <host/choose/prior.hpp>
#include <host/choose/trust.hpp>

namespace flynn {
namespace {

BackendMask bit_of(const Entry& entry) { return BackendMask{1} << index_of(entry); }

/// A call on Arrays needs no transfer when all that it reads is on a device. Another call may change that meanwhile:
/// this is only what the choice goes by.
bool are_on_device(std::span<const Context::Use> arrays) {
  bool any = false;
  for (const Context::Use& use : arrays) {
    if (!use.is_read) continue;
    if (!std::atomic_ref(use.resident->is_on_device).load(std::memory_order_relaxed)) return false;
    any = true;
  }
  return any;
}

}  // namespace

std::string identity_of(std::span<const Device> devices) {
  std::string text;
  for (const Device& d : devices) {
    text.append(text.empty() ? "" : " | ").append(d.name).append("; ").append(d.driver).append("; ");
    for (const std::uint8_t byte : d.uuid) {
      char digits[3];
      std::snprintf(digits, sizeof digits, "%02x", unsigned(byte));
      text += digits;
    }
  }
  return text;
}

std::string identity_of(const OpenBackend& open) {
  std::vector<Device> devices;
  if (open.status.ok() && open.backend->device_count)
    for (std::size_t i = 0; i < open.backend->device_count(); ++i) devices.push_back(open.backend->device(i));
  return identity_of(devices);
}

Chooser::Chooser(const Inventory& inventory) : inventory_(&inventory) {
  if (!inventory.calibration) return;
  calibration_ = &*inventory.calibration;
  state_ = CalibrationState::valid;
  model_.emplace(*calibration_);
}

Chooser::Chooser(const CalibrationFile& file) : state_(file.state) {
  if (!file.contents) return;
  calibration_ = &*file.contents;
  model_.emplace(*calibration_);
}

const Inventory::Backend* Chooser::replayed(const Entry& entry) const {
  static const Inventory::Backend absent = {.reason = "the inventory does not have it"};
  if (!inventory_) return nullptr;
  for (const Inventory::Backend& backend : inventory_->backends)
    if (backend.name == entry.name) return &backend;
  return &absent;
}

const Entry& Chooser::choose(const Question& question, Reason& reason) {
  if (applies(question)) {
    const double work = work_of(AllSpecs::infos[question.index].rate, question.cost);
    const BackendMask on_device = resident(question);
    // What turns out not to be what was measured drops out, so this ends.
    for (int best; (best = model_->fastest(question.index, work, usable(question), on_device)) != Model::none;)
      if (const Entry& entry = registry()[std::size_t(best)]; confirm(entry)) {
        reason = Reason::calibrated;
        return entry;
      }
  }
  // By the prior scalar is no faster than simd, and processes no faster than threads.
  auto prior = [&](FlynnClass kind) { return static_prior(kind, question.cost, question.threads); };
  const bool is_large = question.threads > 1 && prior(FlynnClass::mimd_threads) < prior(FlynnClass::simd);
  reason = is_large ? Reason::large : Reason::small;
  static const Entry &simd = *find_entry("simd"), &threads = *find_entry("threads");
  return is_large ? threads : simd;
}

bool Chooser::applies(const Question& question) const { return model_ && question.threads == model_->threads(); }

BackendMask Chooser::usable(const Question& question) const {
  BackendMask mask = model_->measured() & ~failed(question);
  for (const Entry& entry : registry()) {
    const Trust trust = trust_[index_of(entry)].load(std::memory_order_relaxed);
    const bool is_out = trust == Trust::changed || trust == Trust::unavailable;
    if (is_out || (!entry.runs_on_host && question.device >= 0))
      mask &= ~bit_of(entry);  // the best device was measured
  }
  return mask;
}

/// What failed here leaves another machine alone.
BackendMask Chooser::failed(const Question& question) const {
  return inventory_ ? 0 : question.excluded | distrusted(question.cost.bytes);
}

BackendMask Chooser::resident(const Question& question) const {
  if (question.arrays.empty()) return 0;
  BackendMask devices = 0;
  for (const Entry& entry : registry())
    if (!entry.runs_on_host) devices |= bit_of(entry);
  return (model_->measured() & devices) && are_on_device(question.arrays) ? devices : 0;
}

/// Whether a backend is what was measured. The first time it is opened to see.
bool Chooser::confirm(const Entry& entry) {
  std::atomic<Trust>& trust = trust_[index_of(entry)];
  Trust known = trust.load(std::memory_order_relaxed);
  if (known == Trust::unknown) trust.store(known = look_at(entry), std::memory_order_relaxed);
  return known == Trust::confirmed;
}

Chooser::Trust Chooser::look_at(const Entry& entry) const {
  std::string now;
  if (const Inventory::Backend* other = replayed(entry)) {
    if (!other->available) return Trust::unavailable;
    now = flynn::identity_of(other->devices);
  } else {
    const OpenBackend& open = open_backend(entry);
    if (!open.status.ok()) return Trust::unavailable;
    now = flynn::identity_of(open);
  }
  return now == identity_of(entry) ? Trust::confirmed : Trust::changed;
}

std::string_view Chooser::identity_of(const Entry& entry) const {
  for (const Calibration::Identity& identity : calibration_->identities)
    if (identity.backend == entry.name) return identity.devices;
  return "";
}

Chooser::Grounds Chooser::grounds_of(const Question& question) const {
  Grounds grounds{.work = work_of(AllSpecs::infos[question.index].rate, question.cost)};
  if (!applies(question)) return grounds;
  grounds.usable = usable(question);
  grounds.resident = resident(question);
  grounds.is_calibrated = model_->fastest(question.index, grounds.work, grounds.usable, 0) != Model::none;
  return grounds;
}

Explanation::Candidate Chooser::judge(const Question& question, const Grounds& grounds, const Entry& entry) const {
  Explanation::Candidate candidate = {.backend = entry.name, .standing = Standing::slower};
  if (const Inventory::Backend* other = replayed(entry)) {
    if (!other->available) candidate.standing = Standing::unavailable;
    if (std::ranges::find(other->missing, full_name_of(question.index)) != other->missing.end())
      candidate.standing = Standing::unsupported;
  }
  const Trust trust = trust_[index_of(entry)].load(std::memory_order_relaxed);
  if (trust == Trust::changed) candidate.standing = Standing::changed;
  if (trust == Trust::unavailable) candidate.standing = Standing::unavailable;
  if (candidate.standing == Standing::slower && (failed(question) & bit_of(entry))) {
    candidate.standing = Standing::failed;
    candidate.why = why_distrusted(entry);
  }
  if (candidate.standing != Standing::slower) return candidate;
  if (grounds.is_calibrated) {
    candidate.origin = Origin::calibrated;
    if (grounds.usable & bit_of(entry))
      candidate.seconds =
          model_->seconds(question.index, index_of(entry), grounds.work, grounds.resident & bit_of(entry));
  } else {
    candidate.origin = Origin::prior;
    candidate.seconds = static_prior(entry.kind, question.cost, question.threads);
  }
  if (candidate.seconds > 0 && std::isfinite(candidate.seconds)) return candidate;
  return {.backend = entry.name, .standing = Standing::unmeasured};
}

void Chooser::explain(const Question& question, const Entry& chosen, Explanation& explanation) const {
  explanation.calibration = state_;
  const Grounds grounds = grounds_of(question);
  for (const Entry& entry : registry()) {
    Explanation::Candidate candidate = judge(question, grounds, entry);
    if (&entry == &chosen) candidate.standing = Standing::chosen;
    explanation.candidates[explanation.count++] = candidate;
  }
}

}  // namespace flynn
