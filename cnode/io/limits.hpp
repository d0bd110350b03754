// What the shell spends on each thing, and why.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace groot::io {

// The node's one read buffer, used by all links in turn.
inline constexpr std::size_t read_buffer_bytes = std::size_t{256} << 10;
// Full reads from one socket before the others get a turn.
inline constexpr int reads_per_turn_max = 8;
// A wait for the next message of a conversation, slept or polled; so many of them in a row make
// one; and so long is polled before the thread sleeps. What the polling costs, at most half of a
// busy peer's round trip, is less than what waking up does.
inline constexpr std::chrono::microseconds short_wait_max{100};
inline constexpr int busy_after_short_waits = 3;
inline constexpr std::chrono::microseconds poll_time_max{50};
// From the name to a connected socket: BEAM's net_setuptime.
inline constexpr std::chrono::seconds dial_timeout{7};
// getaddrinfo calls under way. Each holds a thread for as long as the name server is silent, which
// is longer than the dial that wants to know; so there are more of them than dials at a time. Hosts
// that could not be reached before have their share of them.
inline constexpr int lookups_max = 128;
inline constexpr int lookups_again_max = 64;
// Of either kind; one more fails, and is dialled again later.
inline constexpr std::size_t lookups_waiting_max = 64;
// For epmd to answer a registration; the retry after epmd has gone (erl_epmd's own interval).
inline constexpr std::chrono::seconds epmd_answer_timeout{5};
inline constexpr std::chrono::seconds epmd_retry_interval{2};
// A process that was just killed keeps its name until epmd has read the end of its connection.
inline constexpr std::chrono::milliseconds epmd_name_wait{1'000};
inline constexpr std::chrono::milliseconds epmd_name_interval{50};
// For an epmd that we started to answer, and between the tries meanwhile.
inline constexpr std::chrono::seconds epmd_start_timeout{5};
inline constexpr std::chrono::milliseconds epmd_start_interval{50};
// A socket that we have closed may take so long to deliver what is queued and to see its peer
// close.
inline constexpr std::chrono::seconds linger_timeout{5};
// Of those that never proved the cookie so many may take it; the oldest is cut off for the next.
inline constexpr std::size_t lingering_strangers_max = 64;
// The share of the file descriptors that unfinished handshakes may hold: one in so many.
inline constexpr std::size_t pending_descriptors_divisor = 2;
// The same when the whole node stops, which promises to be done within a second.
inline constexpr std::chrono::milliseconds stop_timeout{500};
// accept() found no file descriptor or memory left: pause before the next try.
inline constexpr std::chrono::milliseconds accept_pause{100};
// Log lines that wait for the function that takes them, and the length of each: 4 MiB at most.
inline constexpr std::size_t log_queue_lines_max = 1024;
inline constexpr std::size_t log_line_bytes_max = 4096;
// For that function to take what is left when the node has started or ends. With stop_timeout it is
// within the second that stop promises.
inline constexpr std::chrono::milliseconds log_patience{200};
// Registers copied for a disk that takes changes again, before others may go on: about a
// millisecond.
inline constexpr std::uint32_t copied_at_once_max = 16'384;
// How often it is looked whether a disk that has something to write still answers.
inline constexpr std::int64_t busy_disk_interval_ms = 1'000;
// Turns of the network thread that fail one after the other: then none will succeed any more.
inline constexpr int failed_turns_max = 10;
// Effects waiting for the network thread, and their keys and values; a writer that outruns it is
// slowed down to it, by so long a pause at most. It is refused at twice as much: the thread stands,
// in a listener perhaps.
inline constexpr std::size_t pending_effects_max = 65'536;
inline constexpr std::size_t pending_bytes_max = std::size_t{64} << 20;
inline constexpr std::chrono::milliseconds pending_pause{100};

}  // namespace groot::io
