#pragma once
#include <flynn/calibration.hpp>

namespace flynn {

/// What is the same in this process as in a calibration that counts for it: build, CPU, instruction set, threads.
Calibration key_of_this_machine(unsigned threads);

/// The calibration of this machine for so many threads.
CalibrationFile load_calibration(unsigned threads);

/// Stores it, under a name that follows from CPU, instruction set and threads: machines that share a home each have
/// their own. Throws Error.
void store_calibration(const Calibration& calibration);

}  // namespace flynn
