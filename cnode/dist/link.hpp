// One connection to one peer as a pure machine: bytes and time in, events and bytes out.
// First the handshake (version 6, either role; handshake.hpp), then frames and ticks.
//
// It knows no socket and no other link. What takes knowledge of the other links (simultaneous
// connects, `alive`) it asks for with an event and waits for the answer; Connections answers.
// Not thread-safe. Neither copied nor moved.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "cnode/dist/broadcast.hpp"
#include "cnode/dist/control.hpp"
#include "cnode/dist/handshake.hpp"
#include "cnode/dist/output_chunks.hpp"

namespace groot::dist {

// Identifies a connection from its first byte to its end; never 0, never used twice.
using LinkId = std::uint64_t;

// ---- events: those of the handshake, and frames ----
// Views the link's buffer until the next call.
struct FrameReceived {
  Frame frame;
};
using LinkEvent =
    std::variant<NameReceived, AliveReceived, ReplacementProved, Up, FrameReceived, Closed>;

class Link {
 public:
  // Initiator. `challenge` is 32 random bits; `cookie` the one for this peer.
  Link(const Identity& self, NodeName peer, std::string cookie, std::uint32_t challenge,
       std::int64_t now_ms, Handshake::IsOurs is_ours = nullptr);
  // Acceptor.
  Link(const Identity& self, std::uint32_t challenge, std::int64_t now_ms);
  ~Link();
  Link(const Link&) = delete;
  Link& operator=(const Link&) = delete;

  // The bytes must stay valid until next_event has returned nothing.
  void feed(ByteView bytes, std::int64_t now_ms);
  [[nodiscard]] std::optional<LinkEvent> next_event();

  void answer_name(NameAnswer answer, std::string cookie, std::int64_t now_ms);
  void answer_alive(bool wanted, std::int64_t now_ms);

  // Queues one message; in which order they go says output_queue.hpp. Precondition: up. Over the
  // identity's backlog_bytes_max the link closes with backlog_full.
  void send(const Control& control, SharedMessage message);
  void send(Broadcast& broadcast);

  // The peer closed, or the socket failed. Renamed here: see dist_errc.
  void peer_closed(std::int64_t now_ms);
  // Ends the link for a reason of ours. Output queued so far may still be written.
  void close(Error reason);
  // The same, and what is queued is not written: it may be half of a message.
  void give_up(Error reason);

  // Timers: handshake time-out, tick due, tick time-out. All in monotonic milliseconds.
  void wake(std::int64_t now_ms);
  [[nodiscard]] std::optional<std::int64_t> next_deadline_ms() const;

  [[nodiscard]] bool is_up() const;
  // See Handshake.
  [[nodiscard]] std::optional<std::uint32_t> open_challenge() const;
  // Nothing came for twice as long as a peer lets pass without a tick: the network may be cut.
  [[nodiscard]] bool is_silent(std::int64_t now_ms) const;
  [[nodiscard]] bool has_heard() const;        // one byte at least
  [[nodiscard]] const PeerInfo& peer() const;  // name known from the dial, or after NameReceived
  [[nodiscard]] bool has_output() const;
  // The chunks to be written next, in order; the caller calls written() when done, and asks again
  // until there are none. Of a large message it is a part, so that what is queued meanwhile can go
  // ahead of the rest. Memory of earlier ones, `emptied`, saves the allocation of the next.
  [[nodiscard]] std::vector<OutputChunk> take_output(std::vector<OutputChunk> emptied = {});
  // All at once, for a link that ends.
  [[nodiscard]] std::vector<OutputChunk> take_last_output();
  void written(std::size_t bytes, std::int64_t now_ms);
  [[nodiscard]] std::size_t backlog_bytes() const;  // queued or taken, not yet written

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace groot::dist
