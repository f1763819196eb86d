#include <fmt/format.h>

#include <cstdio>
#include <exception>
#include <string_view>

#include <bench/commands.hpp>
#include <bench/peer_protocol.hpp>
#include <flynn/mp/init.hpp>

namespace {

using namespace flynn::bench;

Exit dispatch(int argc, char** argv) {
  if (argc == 3 && std::string_view(argv[1]) == "serve-peer")
    return Exit(serve_as_peer(argv[2]));  // see peer_process.hpp
  const Settings settings = parse(argc, argv);
  switch (settings.command) {
    case Command::run:
      return settings.explain ? explain(settings) : run(settings, {argv, argv + argc});
    case Command::list:
      return list(settings);
    case Command::info:
      return info(settings);
    case Command::doctor:
      return doctor();
    case Command::ceilings:
      return ceilings(settings);
    case Command::calibrate:
      return calibrate(settings);
    case Command::regret:
      return regret(settings);
  }
  return exit_failed;
}

}  // namespace

int main(int argc, char** argv) try {
  flynn::mp::init(argc, argv);
  return dispatch(argc, argv);
} catch (const Failure& failure) {
  if (failure.code == exit_ok)
    fmt::print("{}", failure.what());
  else
    fmt::print(stderr, "compute_bench: {}\n", failure.what());
  return failure.code;
} catch (const std::bad_alloc&) {
  fmt::print(stderr, "compute_bench: out of memory\n");
  return exit_failed;
} catch (const std::exception& error) {
  fmt::print(stderr, "compute_bench: {}\n", error.what());
  return exit_failed;
}
