#pragma once
#include <atomic>
#include <optional>
#include <span>

#include <flynn/context.hpp>
#include <host/choose/model.hpp>
#include <host/registry.hpp>

namespace flynn {

/// What is to be decided.
struct Question {
  std::size_t index;  ///< of the spec in AllSpecs
  Cost cost;
  std::span<const Context::Use> arrays;
  unsigned threads;
  int device;  ///< as in Options
  BackendMask excluded = 0;  ///< have failed in this call
};

/// Chooses for auto: by a valid calibration, else by the static prior. Opens no driver unless the calibration says that
/// it is the fastest. Thread-safe; a choice allocates nothing and takes no lock.
class Chooser {
 public:
  /// For a machine that is not here. The inventory must live as long.
  explicit Chooser(const Inventory& inventory);
  /// For this one. The file must live as long.
  explicit Chooser(const CalibrationFile& file);

  const Entry& choose(const Question& question, Reason& reason);
  /// Says of every backend what choose() thinks of it, after a choice.
  void explain(const Question& question, const Entry& chosen, Explanation& explanation) const;
  /// A backend of the inventory; null when this is no replay. One that it does not name is not available.
  const Inventory::Backend* replayed(const Entry& entry) const;

 private:
  /// What is known of a backend that has a curve.
  enum class Trust : std::uint8_t { unknown, confirmed, changed, unavailable };

  bool applies(const Question& question) const;
  BackendMask usable(const Question& question) const;
  BackendMask failed(const Question& question) const;
  BackendMask resident(const Question& question) const;
  bool confirm(const Entry& entry);
  Trust look_at(const Entry& entry) const;
  std::string_view identity_of(const Entry& entry) const;
  /// What a question's answer depends on.
  struct Grounds {
    double work;
    BackendMask usable = 0, resident = 0;
    bool is_calibrated = false;
  };
  Grounds grounds_of(const Question& question) const;
  Explanation::Candidate judge(const Question& question, const Grounds& grounds, const Entry& entry) const;

  const Inventory* inventory_ = nullptr;
  const Calibration* calibration_ = nullptr;  ///< null: there is none that counts
  std::optional<Model> model_;
  CalibrationState state_ = CalibrationState::absent;
  std::array<std::atomic<Trust>, Model::most_backends> trust_ = {};
};

/// The devices of a backend as a calibration is kept for them: names, drivers and UUIDs.
std::string identity_of(std::span<const Device> devices);
std::string identity_of(const OpenBackend& open);

}  // namespace flynn
