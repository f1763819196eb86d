#pragma once
#include <flynn/execution.hpp>
#include <flynn/extremum.hpp>
#include <flynn/view.hpp>

namespace flynn::scalar {

/// The first element of a non-empty x that goes before all others, and its index.
template <bool find_min, class T>
Status extremum(const View<const T>& x, const Execution& execution, Indexed<T>& found) {
  std::size_t best = 0;
  const Status status = in_chunks(x.size(), execution, [&](std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i)
      if (key_wins<find_min>(key_of<find_min>(x[i]), key_of<find_min>(x[best]))) best = i;
  });
  found = {value_of_key<find_min, T>(key_of<find_min>(x[best])), best};
  return status;
}

}  // namespace flynn::scalar
