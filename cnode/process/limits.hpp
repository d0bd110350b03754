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
// How often a peer is asked what time it is there: a clock drifts by less than a millisecond in it.
inline constexpr std::int64_t clock_question_interval_ms = 10'000;
// How far our own time may be set while a peer answers that: beyond, the answer says nothing.
inline constexpr std::int64_t clock_answer_error_ms = 1'000;
// A clock that stays wrong is reported once in this time.
inline constexpr std::int64_t clock_report_interval_ms = 60LL * 60 * 1000;
// A new node must be known within 5 s.
inline constexpr std::int64_t discovery_interval_ms = 3'000;
// Names that peers may make us dial, all together and one of them at a time. A cluster whose nodes
// all see each other has some hundreds.
inline constexpr std::size_t discovered_max = 4'096;
inline constexpr std::size_t discovered_through_one_max = 1'024;
// A name that nobody sees any more is forgotten after so long: a cut that lasts no longer heals
// although none of the nodes looks for the others.
inline constexpr std::int64_t discovered_unseen_ms = 60LL * 60 * 1000;
// The same where its place is wanted: a few rounds of questions.
inline constexpr std::int64_t discovered_unseen_if_full_ms = 30'000;
inline constexpr std::int64_t discovered_check_interval_ms = 60'000;
// A visible peer that ended its link is not looked for so long whoever names it: those that agree
// to be rid of a node do not end their links in the same moment.
inline constexpr std::int64_t left_alone_ms = 2'000;
// What the peers that left last had shown is remembered, of so many, for as long as a tombstone: a
// bit or two of each register, and what they no longer hold when they are back was deleted there.
inline constexpr std::size_t remembered_peers_max = 32;
// Names that a node with a data directory keeps.
inline constexpr std::size_t kept_peers_max = 1'024;

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
// One of the peers for which another one is asked has its turn: a fetch more in so long, where full
// synchronisation makes each peer's count move and so costs one every 10 to 20 s and peer.
inline constexpr std::int64_t turn_interval_ms = 20'000;
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
// What is sent because the peer lacks it is gathered in turns: at most so many registers are looked
// at in one, a few milliseconds, and so many bytes of them copied.
inline constexpr std::size_t catch_up_turn_registers = 8'192;
inline constexpr std::size_t catch_up_turn_bytes = std::size_t{4} << 20;
// So much may be asked for and sent in all before the link is asked whether it has room.
inline constexpr std::size_t catch_up_unpaced_bytes = std::size_t{1} << 20;
// A message that will be cut in fragments, which keep what the same process sends next waiting: it
// is sent from a process of its own.
inline constexpr std::size_t lone_message_bytes_min = std::size_t{32} << 10;

// ---- tombstones whose time is over, at stock nodes ----
// Deletes made one after the other end one after the other: they are removed together.
inline constexpr std::int64_t reclaim_delay_ms = 1'000;
// What is removed in one step holds up the storage process for about two milliseconds.
inline constexpr std::size_t reclaim_batch_max = 200;
inline constexpr std::int64_t reclaim_interval_ms = 100;
// Writes that wait for a disk, where they are answered when they are saved: one takes some 100
// bytes.
inline constexpr std::size_t writes_waiting_max = 100'000;
// Nodes that a newcomer is asked to connect to; each tells it the rest, so that one is enough, but
// it may be about to leave.
inline constexpr std::size_t introductions_max = 3;
// Each waiting one keeps its register: what is more comes again when the peer shows it.
inline constexpr std::size_t reclaim_queue_max = 100'000;

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
// How many items a range's answer can hold: a byte counts them, and its last value says otherwise.
inline constexpr std::size_t exchange_answered_items_max = 254;
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

// ---- nodes of ours among each other ----
// Names in one message of whom the sender is linked with: clusters have tens of nodes. Whoever is
// left out is dialled by nobody on the strength of it, and passed on to as one that lacks the link.
inline constexpr std::size_t linked_names_max = 1'024;
// When many nodes meet, what changes in this time is told together; each must be linked with each
// other within 5 s.
inline constexpr std::int64_t linked_delay_ms = 200;
// Registers of one message that are passed on. More come from a program that loads them, or a
// node that talks as older ones do and sends its state: the exchange spreads these in less time.
inline constexpr std::uint32_t passed_on_max = 4'096;

// ---- serving ----
// Spawned calls that wait for something (Node.connect). A BEAM has a process limit as well.
inline constexpr std::size_t spawned_max = 10'000;
// What a remote function may take (erlang's own limit is 255).
inline constexpr std::size_t arguments_max = 255;

// ---- the log ----
// One line a source and cause in this time; the next one counts what was left out.
inline constexpr std::int64_t log_interval_ms = 60'000;
// Lines about one source in that time. A cluster's worth of nodes on one host that all have another
// cookie still fits.
inline constexpr std::size_t log_lines_per_source_max = 30;
// Lines of one level in that time: three a second, and a cluster that comes or goes still fits.
inline constexpr std::size_t log_lines_per_level_max = 200;
// Causes remembered: more than lines can be written in the time for which they are.
inline constexpr std::size_t log_causes_max = 2'000;
// Of a key that a log line names; a key may be a megabyte.
inline constexpr std::size_t logged_key_bytes_max = 200;
// Of the reason, encoded, that a log line tells; that of a server that crashed holds its state.
inline constexpr std::size_t logged_reason_bytes_max = 500;

}  // namespace groot::process
