#pragma once
#include <flynn/report.hpp>

namespace flynn {

const char* words_of(Reason reason);

}  // namespace flynn
