// The messages of the handshake, version 6 (distribution.md section 2; OTP's dist_util.erl).
//
// encode appends a message with its 2 bytes of length. decode is given one whole message without
// them. Errors: bad_handshake, and bad_node_name for a name that is none.
#pragma once

#include <cstdint>
#include <string>

#include "cnode/dist/challenge.hpp"
#include "cnode/dist/flags.hpp"
#include "cnode/dist/node_name.hpp"
#include "ei_codec/bytes.hpp"
#include "ei_codec/result.hpp"

namespace groot::dist {

// The first byte of each message. Frozen: they are on the wire.
enum class HandshakeTag : std::uint8_t {
  name_or_challenge = 'N',
  status = 's',
  challenge_reply = 'r',
  challenge_ack = 'a',
};

// 'N', initiator to acceptor.
struct SendName {
  Flags flags;
  std::uint32_t creation = 0;
  NodeName name;
  friend bool operator==(const SendName&, const SendName&) = default;
};
void encode(const SendName& message, ei_codec::Bytes& out);
[[nodiscard]] Result<SendName> decode_send_name(ei_codec::ByteView message);

// 's', acceptor to initiator: ok, ok_simultaneous, nok, not_allowed, alive; and back, after alive:
// true, false.
struct Status {
  std::string text;
  friend bool operator==(const Status&, const Status&) = default;
};
void encode(const Status& message, ei_codec::Bytes& out);
[[nodiscard]] Result<Status> decode_status(ei_codec::ByteView message);

// 'N', acceptor to initiator.
struct Challenge {
  Flags flags;
  std::uint32_t challenge = 0;
  std::uint32_t creation = 0;
  NodeName name;
  friend bool operator==(const Challenge&, const Challenge&) = default;
};
void encode(const Challenge& message, ei_codec::Bytes& out);
[[nodiscard]] Result<Challenge> decode_challenge(ei_codec::ByteView message);

// 'r', initiator to acceptor: the answer to its challenge, and one for it.
struct ChallengeReply {
  std::uint32_t challenge = 0;
  Digest digest{};
  friend bool operator==(const ChallengeReply&, const ChallengeReply&) = default;
};
void encode(const ChallengeReply& message, ei_codec::Bytes& out);
[[nodiscard]] Result<ChallengeReply> decode_challenge_reply(ei_codec::ByteView message);

// 'a', acceptor to initiator: the answer to its challenge.
struct ChallengeAck {
  Digest digest{};
  friend bool operator==(const ChallengeAck&, const ChallengeAck&) = default;
};
void encode(const ChallengeAck& message, ei_codec::Bytes& out);
[[nodiscard]] Result<ChallengeAck> decode_challenge_ack(ei_codec::ByteView message);

}  // namespace groot::dist
