#pragma once
#include <cstddef>
#include <cstdint>
#include <span>

#include <flynn/shared_vector.hpp>

namespace flynn {

/// Shared memory that other processes have sent, by `sender`, since each takes back its own. Takes the descriptor;
/// mapped when it is first asked for. What is sent twice is there for two takers.
void add_mapping(std::uint64_t sender, std::uint64_t id, int file, std::size_t bytes);
void remove_mapping(std::uint64_t sender, std::uint64_t id);
/// All of a sender that is gone.
void remove_mappings(std::uint64_t sender);
/// Where it is; waits until it has come, at most `limit_ns` when that is not 0. Empty when it has not, when it cannot
/// be mapped, or is not what a SharedMemory makes: sealed, and of that size.
std::span<std::byte> find_mapping(std::uint64_t sender, std::uint64_t id, std::int64_t limit_ns = 0);
/// The same for those who keep it longer than the mapping, which goes when it is removed.
detail::SharedRef keep_mapping(std::uint64_t sender, std::uint64_t id, std::int64_t limit_ns = 0);
/// The same, and that sender's mapping has done its service.
detail::SharedRef take_mapping(std::uint64_t sender, std::uint64_t id, std::int64_t limit_ns = 0);

/// Takes out the descriptor itself, which must not be mapped yet; waits for it at most `limit_ns`. -1 when it has not
/// come.
int take_file(std::uint64_t sender, std::uint64_t id, std::int64_t limit_ns);

/// What a worker calls the process that it works for; and, apart from that, whoever sent it descriptors with arguments.
inline constexpr std::uint64_t the_pool = 0, the_caller = std::uint64_t(-1);

}  // namespace flynn
