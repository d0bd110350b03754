// What the store accepts, and why.
#pragma once

#include <cstddef>
#include <cstdint>

namespace groot::store {

// A value's encoded bytes; the default of --max-value-size.
inline constexpr std::size_t value_bytes_max_default = std::size_t{64} << 20;
// A key's canonical bytes. Keys are hashed, compared and kept for as long as their tombstone.
inline constexpr std::size_t key_bytes_max = std::size_t{1} << 20;
// Tombstones kept for peers that missed a delete. At about 130 bytes each, 130 MB; past it the
// oldest go first, and the log says so.
inline constexpr std::size_t tombstones_max = 1'000'000;
// How long a tombstone outlives its delete: the default of --tombstone-ttl.
inline constexpr std::int64_t tombstone_ttl_ms_default = 24LL * 60 * 60 * 1000;
// The largest expires_in: a hundred years. Beyond it arithmetic on wall time would overflow.
inline constexpr std::int64_t expires_in_ms_max = 100LL * 366 * 24 * 60 * 60 * 1000;
// Registers merged, or read, together: enough for the memory of one to arrive while others are
// looked at, and all that is touched stays in the fastest cache.
inline constexpr std::size_t merge_batch_max = 64;
// A write this young is taken to be on its way to the peer whose state does not show it yet.
inline constexpr std::int64_t correction_grace_ms = 2'000;
// A correction that a peer's states still do not show after one to two of these is sent again: the
// peer may have deleted the key before it ever showed it, and then both sides would differ forever.
inline constexpr std::int64_t correction_retry_ms = 60'000;

// How long after the first state of a peer others may still show that the cluster's memory goes on:
// long enough to find them, and for them to send what they have.
inline constexpr std::int64_t doubt_grace_ms = 10'000;

}  // namespace groot::store
