#include <bench/commands.hpp>
namespace flynn::bench { Exit ceilings(const Settings&) { return exit_ok; } }
