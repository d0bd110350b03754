// How often, how long, how many: every bound of this layer, and why. Milliseconds are monotonic.
#pragma once

#include <cstddef>
#include <cstdint>

namespace groot::process {

// ---- questions to peers ----
// A BEAM answers a remote call in well under a millisecond; a peer that garbage-collects or starts
// up may take seconds.
inline constexpr std::int64_t request_timeout_ms = 8'000;
// A peer without Groot is asked again: its application may start later.
inline constexpr std::int64_t probe_retry_ms = 3'000;
// A supervisor restarts a dead storage process within milliseconds.
inline constexpr std::int64_t restart_retry_ms = 50;
inline constexpr int restart_retries = 20;
// A new node must be known within 5 s.
inline constexpr std::int64_t discovery_interval_ms = 3'000;
// Names that peers may make us dial.
inline constexpr std::size_t discovered_max = 4'096;

// ---- hidden feed ----
// How often a stock peer is asked whether its storage process did anything.
inline constexpr std::int64_t poll_interval_ms = 100;
// The same where nothing has changed for a while: each question wakes two programs.
inline constexpr std::int64_t quiet_poll_interval_ms = 250;
inline constexpr std::int64_t quiet_after_ms = 10'000;
// A process that has changed and is busy is given so many times what the last fetch took: it merges
// the full state of another stock node in some ten times that.
inline constexpr std::int64_t busy_patience_factor = 20;
// A peer that is asked for others as well, and has not answered, or is not asked again because of a
// fetch, for so long: the others are asked.
inline constexpr std::int64_t silence_max_ms = 2'000;
// Reductions: a fetch that takes so many is told from a write by their number, and so known when it
// was another node's.
inline constexpr std::int64_t foreign_fetch_cost_min = 10'000;
// A fetch that took T is followed by at least 9 T without one: a tenth of the time.
inline constexpr std::int64_t fetch_rest_factor = 9;
// A write between the peer's state and the count read after it changes nothing that the next
// question would see, so where there may be one, one more fetch follows.
inline constexpr std::int64_t confirm_delay_ms = 1'000;
// A state of gigabytes over a slow line takes a while; a storage process that dies says so itself.
inline constexpr std::int64_t fetch_timeout_ms = 60'000;
// Stock Groot's own rhythm of full synchronisation.
inline constexpr std::int64_t sync_interval_min_ms = 10'000;
inline constexpr std::int64_t sync_interval_max_ms = 20'000;

// ---- sending ----
// Stock Groot's own rhythm.
inline constexpr std::int64_t clock_sync_interval_ms = 3'000;
// A stamp with a counter near its end would make a stock clock, which adds one and does not carry,
// crash; it is not sent. The next millisecond starts again at 0.
inline constexpr std::uint16_t sent_counter_max = 60'000;
// A stock node merges one update_registers message in time proportional to all it holds, so up to
// here single updates are cheaper for it.
inline constexpr std::size_t singles_max = 15;
// The same among many: of so many registers that it holds, merging looks at each in the time that
// one single update takes.
inline constexpr std::size_t held_per_single = 4;
// One message holds at most about this much; a larger state is several messages.
inline constexpr std::size_t update_bytes_max = std::size_t{64} << 20;
// A message that will be cut in fragments, which keep what the same process sends next waiting: it
// is sent from a process of its own.
inline constexpr std::size_t lone_message_bytes_min = std::size_t{32} << 10;

// ---- exchange with nodes of ours ----
// Stock Groot's rhythm again; each time is random between the two, so that pairs spread out.
inline constexpr std::int64_t exchange_interval_min_ms = sync_interval_min_ms;
inline constexpr std::int64_t exchange_interval_max_ms = sync_interval_max_ms;
// A round without an answer for so long is given up. Links lose nothing, so only a peer that could
// not read a question lets one wait; a value of half a gigabyte over a slow line takes minutes.
inline constexpr std::int64_t exchange_timeout_ms = 300'000;
// Questions of a round under way: while one is answered, the answer to the other is worked on.
inline constexpr std::size_t exchange_window = 2;
// Ranges in one question: each takes up to 69 bytes, and some ten microseconds beside what its
// registers take.
inline constexpr std::size_t exchange_ranges_max = 64;
// Registers looked at for one question, as far as can be foreseen: a few milliseconds on each side.
inline constexpr std::size_t exchange_examined_max = 32'768;
// A range that holds no more is answered with what it holds: an item takes 25 bytes, one more step
// towards it 21.
inline constexpr std::size_t exchange_items_max = 2;
// More registers of ours in a range where the peer has a few: sent together, known there or not.
inline constexpr std::size_t exchange_singles_max = 16;
// Registers sent at once, encoded: what the link is kept busy with for others, some milliseconds
// on both sides. At least one register is sent, whatever its size.
inline constexpr std::size_t exchange_chunk_bytes = std::size_t{512} << 10;
// All ranges of hashes are so many pieces, so that several can be asked for at once.
inline constexpr unsigned exchange_pieces_bits = 7;
// The body of the longest message: answers to exchange_ranges_max ranges of 16 children each, of
// which each has 16 children.
inline constexpr std::size_t exchange_bytes_max = exchange_ranges_max * 16 * (6 + 16 * 4) + 9;

// ---- serving ----
// Spawned calls that wait for something (Node.connect). A BEAM has a process limit as well.
inline constexpr std::size_t spawned_max = 10'000;
// What a remote function may take (erlang's own limit is 255).
inline constexpr std::size_t arguments_max = 255;
// One line a peer and cause in this time; the next one counts what was left out.
inline constexpr std::int64_t log_interval_ms = 60'000;
// Of a key that a log line names; a key may be a megabyte.
inline constexpr std::size_t logged_key_bytes_max = 200;
// Of the reason, encoded, that a log line tells; that of a server that crashed holds its state.
inline constexpr std::size_t logged_reason_bytes_max = 500;
// Causes remembered for that; beyond it the oldest knowledge goes and a line may repeat.
inline constexpr std::size_t log_causes_max = 1'000;

}  // namespace groot::process
