#pragma once
#include <flynn/extremum.hpp>
#include <flynn/view.hpp>

namespace flynn::scalar {

/// The first element of a non-empty x that goes before all others, and its index.
template <bool find_min, class T>
Indexed<T> extremum(const View<const T>& x) {
  std::size_t best = 0;
  for (std::size_t i = 1; i < x.size(); ++i)
    if (key_wins<find_min>(key_of<find_min>(x[i]), key_of<find_min>(x[best]))) best = i;
  return {value_of_key<find_min, T>(key_of<find_min>(x[best])), best};
}

}  // namespace flynn::scalar
