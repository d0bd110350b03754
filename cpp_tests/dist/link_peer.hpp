// A link to a peer whose part the test plays.
#pragma once

#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "cpp_tests/dist/control_samples.hpp"
#include "cpp_tests/dist/wire.hpp"

namespace groot::dist::test {

inline constexpr const char* peer_cookie = "cookie";
inline constexpr std::uint32_t our_challenge = 5;
inline constexpr Flags beam_flags(0xd07df7fbd);
inline constexpr Flags flags_without_fragments(hidden_flags.bits() &
                                               ~static_cast<std::uint64_t>(Flag::fragments));

// What the peer says after our name, up to and with its ack.
[[nodiscard]] inline Bytes handshake_of_acceptor(Flags flags = beam_flags) {
  Bytes bytes = message(Status{"ok"});
  append(bytes, message(Challenge{flags, 7, 99, name("peer@host")}));
  append(bytes, message(ChallengeAck{make_digest(peer_cookie, our_challenge)}));
  return bytes;
}

[[nodiscard]] inline Bytes reg_send_frame(const Bytes& message_bytes) {
  Bytes frame;
  encode_frame(RegSend{samples::beam(), "name"}, message_bytes, hidden_flags, frame);
  return frame;
}

struct Seen {
  int ups = 0;
  std::vector<std::string> frames;
  std::optional<Error> closed;
};

// Feeds bytes that die with the call, as a socket's buffer does.
inline void feed(Link& link, ByteView bytes, std::int64_t now_ms, Seen& seen) {
  const auto copy = std::make_unique<Bytes>(bytes.begin(), bytes.end());
  link.feed(*copy, now_ms);
  while (auto event = link.next_event()) {
    if (std::holds_alternative<Up>(*event)) ++seen.ups;
    if (const auto* frame = std::get_if<FrameReceived>(&*event)) {
      const auto& message_bytes = frame->frame.message;
      seen.frames.push_back(to_text(frame->frame.control) + " " +
                            std::to_string(message_bytes ? message_bytes->size() : 0));
    }
    if (const auto* closed = std::get_if<Closed>(&*event)) seen.closed = closed->reason;
    if (std::holds_alternative<NameReceived>(*event)) {
      link.answer_name(NameAnswer::ok, peer_cookie, now_ms);
    }
  }
}

[[nodiscard]] inline std::unique_ptr<Link> initiator(std::int64_t now_ms) {
  return std::make_unique<Link>(identity("us@host"), name("peer@host"), peer_cookie, our_challenge,
                                now_ms);
}

[[nodiscard]] inline std::unique_ptr<Link> link_that_is_up(std::int64_t now_ms,
                                                           Flags peer_flags = beam_flags) {
  auto link = initiator(now_ms);
  Seen seen;
  feed(*link, handshake_of_acceptor(peer_flags), now_ms, seen);
  REQUIRE(link->is_up());
  link->written(joined(link->take_output()).size(), now_ms);
  REQUIRE(link->backlog_bytes() == 0);
  return link;
}

[[nodiscard]] inline std::optional<Error> closing(Link& link) {
  while (auto event = link.next_event()) {
    if (const auto* closed = std::get_if<Closed>(&*event)) return closed->reason;
  }
  return std::nullopt;
}

}  // namespace groot::dist::test
