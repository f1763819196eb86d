#pragma once
#include <host/pools/bell.hpp>

#include <flynn/mp/state.hpp>

namespace flynn::mp::detail {

/// Rung whenever an outcome in this process is there.
Bell& finished();

}  // namespace flynn::mp::detail
