#pragma once
#include <cstddef>
#include <cstdint>
#include <span>

namespace flynn {

/// Shared memory that other processes have sent: by id, which is unique for each `sender`. Takes the descriptor; mapped
/// when it is first asked for.
void add_mapping(std::uint64_t sender, std::uint64_t id, int file, std::size_t bytes);
void remove_mapping(std::uint64_t sender, std::uint64_t id);
/// All of a sender that is gone.
void remove_mappings(std::uint64_t sender);
/// Where it is; waits until it has come, at most `limit_ns` when that is not 0. Empty when it has not, when it cannot
/// be mapped, or is not what a SharedMemory makes: sealed, and of that size.
std::span<std::byte> find_mapping(std::uint64_t sender, std::uint64_t id, std::int64_t limit_ns = 0);

/// What a worker calls the process that it works for.
inline constexpr std::uint64_t the_pool = 0;

}  // namespace flynn
