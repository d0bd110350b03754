// What the store accepts, and why.
#pragma once

#include <cstddef>
#include <cstdint>

namespace groot::store {

// A value's encoded bytes; the default of --max-value-size.
inline constexpr std::size_t value_bytes_max_default = std::size_t{64} << 20;
// A key's canonical bytes. Keys are hashed, compared and kept for as long as their tombstone.
inline constexpr std::size_t key_bytes_max = std::size_t{1} << 20;
// Tombstones kept for peers that missed a delete; and so many again that expiries left. At about
// 130 bytes each, 130 MB; past it the oldest of their kind go first, and the log says so.
inline constexpr std::size_t tombstones_max = 1'000'000;
// How long a tombstone outlives its delete: the default of --tombstone-ttl.
inline constexpr std::int64_t tombstone_ttl_ms_default = 24LL * 60 * 60 * 1000;
// The largest expires_in: a hundred years. Beyond it arithmetic on wall time would overflow.
inline constexpr std::int64_t expires_in_ms_max = 100LL * 366 * 24 * 60 * 60 * 1000;
// How long a link takes to come up at most: the handshake's own limit, and a while for a line that
// is slow.
inline constexpr std::int64_t link_setup_max_ms = 10'000;
// Registers merged, or read, together: enough for the memory of one to arrive while others are
// looked at, and all that is touched stays in the fastest cache.
inline constexpr std::size_t merge_batch_max = 64;
// A write this young is taken to be on its way to the peer whose state does not show it yet.
inline constexpr std::int64_t correction_grace_ms = 2'000;
// A correction that a peer's states still do not show after one to two of these is sent again: the
// peer may have deleted the key before it ever showed it, and then both sides would differ forever.
inline constexpr std::int64_t correction_retry_ms = 60'000;
// Tombstones of one full state that are reclaimed: what is left comes again with the next.
inline constexpr std::size_t reclaims_a_state_max = 10'000;

// The year 2200: no clock that is right comes there, and one register beyond it would leave no
// stamps for those who write its key next. Values stamped from here on are refused, and no stamp of
// it is issued; what the last accepted value leaves when it expires is a tombstone just there.
inline constexpr std::uint64_t stamp_time_ms_end = 7'258'118'400'000;
// How far received stamps move the clock beyond what of it is saved, and beyond wall time: so much
// is added when it is restored.
inline constexpr std::int64_t clock_unsaved_max_ms = 100;

// How far a reading of the wall clock may be off what monotonic time says, and is followed: what
// sets a clock does so in small steps.
inline constexpr std::int64_t wall_step_ms_max = 5'000;
// What a peer's stamps are reported for: once in this time.
inline constexpr std::int64_t stamp_report_interval_ms = 60LL * 60 * 1000;
// That the oldest tombstones are dropped: once in this time, with the number since.
inline constexpr std::int64_t drop_report_interval_ms = 60LL * 1000;
// Causes and peers remembered for that. More peers than there can be at once.
inline constexpr std::size_t reports_remembered_max = 4'096;
// A clock that stays wrong, or jumps to and fro, is reported once in this time.
inline constexpr std::int64_t jump_report_interval_ms = 60LL * 60 * 1000;
// For so long at most nothing is ended by a deadline because the clock of a peer is not known yet:
// a question to it has an answer, or none in time, before that.
inline constexpr std::int64_t deadlines_await_ms_max = 10'000;

// A tombstone that is stamped further ahead is of a clock that was wrong, and not of one that is
// set a little otherwise.
inline constexpr std::int64_t stamp_ahead_ms_max = 24LL * 60 * 60 * 1000;

// How long after the first peer is there others are awaited that may prove what was deleted: long
// enough to find them, and for them to send what they have.
inline constexpr std::int64_t doubt_wait_ms = 60'000;

}  // namespace groot::store
