#pragma once
#include <string>

#include <flynn/status.hpp>

namespace flynn {

/// $XDG_CACHE_HOME/flynn, else ~/.cache/flynn; empty when neither is an absolute path, or the program runs with rights
/// that its user does not have.
std::string cache_folder();

/// A file that a program wrote for later ones of the same user.
struct CacheFile {
  enum class State { absent, safe, unsafe, damaged };
  State state = State::absent;
  std::string text = {};    ///< of a safe one
  std::string reason = {};  ///< why it is not safe or not whole
};

/// Reads `folder`/`name`. Safe is: folder and file belong to this user, nobody else may write them, and it is a plain
/// file with one name, no link, of at most 16 MiB. Never waits.
CacheFile read_cache_file(const std::string& folder, const char* name);

/// Writes it, so that readers see the old text or the new one, whole. Makes the folder when it is missing. Writers take
/// turns for up to 5 s. Throws Error.
void write_cache_file(const std::string& folder, const char* name, const std::string& text);

}  // namespace flynn
