#pragma once
#include <flynn/mp/shared.hpp>
#include <flynn/mp/state.hpp>

namespace flynn::mp {

/// Something that has happened or not, for threads and processes that wait for it. Nobody holds anything of it, so no
/// death harms it. A copy is the same event.
class FLYNN_API Event {
 public:
  /// Not set. Throws as SharedMemory does.
  Event();
  /// Wakes all that wait. O(1).
  void set() const;
  void clear() const;
  bool is_set() const;
  /// Waits until it is set, at most so long; says whether it is.
  bool wait(Duration timeout = forever) const;

  void save(Writer& out) const { block_.save(out); }
  void load(Reader& in) { block_.load(in); }

 private:
  detail::SharedBlock block_;
};

}  // namespace flynn::mp
