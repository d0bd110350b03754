// How often, how much, how large: every bound of this layer, and why.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace groot::disk {

// Between a change and the commit that holds it, where nobody waits for that: many share one, and
// with the commit itself it is done within 50 ms.
inline constexpr std::chrono::milliseconds commit_delay{20};
// Of one transaction: what a commit takes stays short, and what it dirties fits into memory.
inline constexpr std::size_t batch_entries_max = 20'000;
inline constexpr std::size_t batch_bytes_max = std::size_t{32} << 20;
// How long after a failed commit everything is tried again, doubled each time: it costs a look at
// every register.
inline constexpr std::chrono::milliseconds retry_delay_min{1'000};
inline constexpr std::chrono::milliseconds retry_delay_max{30'000};
// How long a transaction may be under way before it counts as failed: a disk that hangs, or
// somebody who holds the file's lock. Those who wait for their writes are told then.
inline constexpr std::chrono::milliseconds commit_time_max{30'000};
// When the node stops so long is waited for each transaction, which keeps the second that stop
// promises; or twice as long as the slowest has taken, where that is more.
inline constexpr std::chrono::milliseconds last_commit_time_min{800};
// Changes that wait for the commit under way, and their keys and values. Where there are more, all
// registers are written instead.
inline constexpr std::size_t queue_entries_max = std::size_t{4} << 20;
inline constexpr std::size_t queue_bytes_max = std::size_t{256} << 20;
// How often an idle node notes that it is there; a quarter of the tombstone lifetime where that is
// less, but not below the minimum.
inline constexpr std::chrono::milliseconds alive_interval_max{60'000};
inline constexpr std::chrono::milliseconds alive_interval_min{500};

// Address space for the file; doubled whenever it is full.
inline constexpr std::uint64_t map_bytes_first = std::uint64_t{64} << 20;
// The smallest --data-max-size: an empty file takes a part of it.
inline constexpr std::uint64_t data_bytes_min = std::uint64_t{1} << 20;
// How long registers are kept that were set aside, should somebody want them back.
inline constexpr std::chrono::hours set_aside_max{30 * 24};
// A peer that has not been linked for so long is dialled no more.
inline constexpr std::chrono::hours kept_peer_max{30 * 24};
// Longer keys are found in the file by a digest: LMDB ends at 511 bytes.
inline constexpr std::size_t plain_key_bytes_max = 500;

}  // namespace groot::disk
