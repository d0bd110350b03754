// The handshake of one connection, version 6, both roles: messages and decisions in, messages and
// events out. The table and its theory head handshake.cpp.
//
// Knows neither time nor framing on the way in: Link feeds whole messages and watches the clock.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "cnode/dist/dist_error.hpp"
#include "cnode/dist/flags.hpp"
#include "cnode/dist/limits.hpp"
#include "cnode/dist/node_name.hpp"
#include "ei_codec/bytes.hpp"
#include "ei_codec/result.hpp"

namespace groot::dist {

// What this node says of itself in every handshake.
struct Identity {
  NodeName name;
  std::uint32_t creation = 0;  // > 3
  Flags flags = hidden_flags;
  std::int64_t net_ticktime_ms = 60'000;
  std::size_t backlog_bytes_max = backlog_bytes_max_default;  // of each link
};

// What a handshake told us of the other side.
struct PeerInfo {
  NodeName name;
  std::uint32_t creation = 0;
  Flags flags;  // negotiated: theirs and ours
  [[nodiscard]] bool visible() const { return flags.has(Flag::published); }
  // It understands what questions are made of: monitors and spawn requests. Every BEAM does. A C
  // node of erl_interface does not, offers not all of these flags, and takes such a message for an
  // error of the connection.
  [[nodiscard]] bool can_be_asked() const {
    return flags.has(Flag::dist_monitor) && flags.has(Flag::dist_monitor_name) &&
           flags.has(Flag::spawn);
  }
};

// The acceptor's answer to a name (handshake status), for answer_name.
enum class NameAnswer { ok, ok_simultaneous, nok, not_allowed, alive };

// ---- events ----
// Acceptor: call answer_name.
struct NameReceived {
  PeerInfo peer;
};
// Initiator: call answer_alive.
struct AliveReceived {};
// Acceptor after `alive`: cookie verified, close the old link now; Up follows.
struct ReplacementProved {
  PeerInfo peer;
};
struct Up {
  PeerInfo peer;
};
// Last event; the socket may be closed once the output is written.
struct Closed {
  Error reason;
};

using HandshakeEvent = std::variant<NameReceived, AliveReceived, ReplacementProved, Up, Closed>;

class Handshake {
 public:
  // Whether a challenge is one of this node's own, in any handshake, and not answered yet.
  using IsOurs = std::function<bool(std::uint32_t challenge)>;

  // Initiator: our name is in take_output at once.
  Handshake(const Identity& self, NodeName peer, std::string cookie, std::uint32_t challenge,
            IsOurs is_ours = nullptr);
  // Acceptor.
  Handshake(const Identity& self, std::uint32_t challenge);

  // One message without its length. Precondition: wants_message().
  void receive(ei_codec::ByteView message);
  // False while a decision is awaited, and after the end.
  [[nodiscard]] bool wants_message() const;
  [[nodiscard]] bool is_over() const { return state_ == State::up || state_ == State::closed; }

  // The answers to NameReceived and AliveReceived; ignored when none is awaited. The cookie is the
  // one for this peer.
  void answer_name(NameAnswer answer, std::string cookie);
  void answer_alive(bool wanted);

  // What it means that the peer closes now.
  [[nodiscard]] Error meaning_of_close() const;

  [[nodiscard]] std::optional<HandshakeEvent> next_event();
  // Framed messages to write, in order; also those queued before Closed.
  [[nodiscard]] ei_codec::Bytes take_output() { return std::exchange(output_, {}); }

  // The number that the peer is to answer, or will be; none once the handshake is over.
  [[nodiscard]] std::optional<std::uint32_t> open_challenge() const {
    return is_over() ? std::nullopt : std::optional(challenge_);
  }

  // The name is known from the dial, or after NameReceived.
  [[nodiscard]] const PeerInfo& peer() const { return peer_; }

 private:
  enum class State : std::uint8_t {
    // initiator
    awaiting_status,
    deciding_alive,
    awaiting_challenge,
    awaiting_ack,
    // acceptor
    awaiting_name,
    deciding_name,
    awaiting_alive_reply,
    awaiting_challenge_reply,
    // both
    up,
    closed,
  };
  struct Row;
  static const Row table[];

  void on_status(ei_codec::ByteView message);
  void on_challenge(ei_codec::ByteView message);
  void on_ack(ei_codec::ByteView message);
  void on_name(ei_codec::ByteView message);
  void on_alive_reply(ei_codec::ByteView message);
  void on_challenge_reply(ei_codec::ByteView message);

  void send_challenge();
  void send_status(const char* text);
  // False, and closed, when the flags that only they have do not suffice.
  bool negotiate(Flags theirs);
  void come_up();
  void close(Error reason);

  Identity self_;
  PeerInfo peer_;
  std::string cookie_;
  std::uint32_t challenge_;
  IsOurs is_ours_;
  State state_;
  bool replaces_ = false;  // acceptor: we answered `alive`
  ei_codec::Bytes output_;
  std::deque<HandshakeEvent> events_;
};

}  // namespace groot::dist
