#pragma once
#include <bench/exit_code.hpp>
#include <bench/options.hpp>

namespace flynn::bench {

/// One function per command. Each gives the exit code or throws Failure.
Exit run(const Settings& settings, std::vector<std::string> arguments);
Exit list(const Settings& settings);
Exit info(const Settings& settings);
Exit doctor();
Exit ceilings(const Settings& settings);
/// `run --workload mp`: processes and what they send each other, beside Python's.
Exit mp_rows(const Settings& settings);
Exit calibrate(const Settings& settings);
Exit regret(const Settings& settings);

/// `run --explain`: what auto would do with the selected rows, here or on the machine of an inventory.
Exit explain(const Settings& settings);

/// Plants an error in the result of every selected workload on every selected backend, on `context`.
Exit self_test(const Settings& settings, Context& context);

}  // namespace flynn::bench
