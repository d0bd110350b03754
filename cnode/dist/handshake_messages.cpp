#include "cnode/dist/handshake_messages.hpp"

#include <algorithm>

#include "cnode/dist/dist_error.hpp"
#include "cnode/dist/limits.hpp"
#include "ei_codec/byte_reader.hpp"
#include "ei_codec/byte_writer.hpp"

namespace groot::dist {

using ei_codec::ByteReader;
using ei_codec::Bytes;
using ei_codec::ByteView;
using ei_codec::ByteWriter;

namespace {

// The longest status is "ok_simultaneous"; "named:" carries a name, but we never ask for one.
constexpr std::size_t status_bytes_max = 32;

void append_with_length(const Bytes& body, Bytes& out) {
  invariant(body.size() <= handshake_message_bytes_max, "our handshake messages are short");
  ByteWriter(out).u16(static_cast<std::uint16_t>(body.size())).bytes(body);
}

std::uint8_t byte(HandshakeTag tag) {
  return static_cast<std::uint8_t>(tag);
}

Error bad(const char* detail) {
  return Error{dist_errc::bad_handshake, detail};
}

Digest read_digest(ByteReader& reader) {
  Digest digest{};
  std::ranges::copy(reader.bytes(digest.size()), digest.begin());
  return digest;
}

// nlen:u16 | name[nlen]. What follows it in the message is to be ignored: room for extensions.
Result<NodeName> read_name(ByteReader& reader) {
  const std::string_view text = reader.text(reader.u16());
  if (!reader.ok()) return bad("cut short");
  return NodeName::parse(text);
}

}  // namespace

//  'N' | flags:u64 | creation:u32 | nlen:u16 | name[nlen]
void encode(const SendName& message, Bytes& out) {
  Bytes body;
  ByteWriter(body)
      .u8(byte(HandshakeTag::name_or_challenge))
      .u64(message.flags.bits())
      .u32(message.creation)
      .u16(static_cast<std::uint16_t>(message.name.full().size()))
      .text(message.name.full());
  append_with_length(body, out);
}

Result<SendName> decode_send_name(ByteView message) {
  ByteReader reader(message);
  if (reader.u8() != byte(HandshakeTag::name_or_challenge)) return bad("not a name");
  SendName decoded;
  decoded.flags = Flags(reader.u64());
  decoded.creation = reader.u32();
  Result<NodeName> name = read_name(reader);
  if (!name) return name.error();
  decoded.name = std::move(*name);
  return decoded;
}

//  's' | text
void encode(const Status& message, Bytes& out) {
  Bytes body;
  ByteWriter(body).u8(byte(HandshakeTag::status)).text(message.text);
  append_with_length(body, out);
}

Result<Status> decode_status(ByteView message) {
  ByteReader reader(message);
  if (reader.u8() != byte(HandshakeTag::status)) return bad("not a status");
  const std::string_view text = ei_codec::as_text(reader.rest());
  const bool plain =
      std::ranges::all_of(text, [](char c) { return (c >= 'a' && c <= 'z') || c == '_'; });
  if (text.empty() || text.size() > status_bytes_max || !plain) return bad("an unknown status");
  return Status{std::string(text)};
}

//  'N' | flags:u64 | challenge:u32 | creation:u32 | nlen:u16 | name[nlen]
void encode(const Challenge& message, Bytes& out) {
  Bytes body;
  ByteWriter(body)
      .u8(byte(HandshakeTag::name_or_challenge))
      .u64(message.flags.bits())
      .u32(message.challenge)
      .u32(message.creation)
      .u16(static_cast<std::uint16_t>(message.name.full().size()))
      .text(message.name.full());
  append_with_length(body, out);
}

Result<Challenge> decode_challenge(ByteView message) {
  ByteReader reader(message);
  if (reader.u8() != byte(HandshakeTag::name_or_challenge)) return bad("not a challenge");
  Challenge decoded;
  decoded.flags = Flags(reader.u64());
  decoded.challenge = reader.u32();
  decoded.creation = reader.u32();
  Result<NodeName> name = read_name(reader);
  if (!name) return name.error();
  decoded.name = std::move(*name);
  return decoded;
}

//  'r' | challenge:u32 | digest[16]
void encode(const ChallengeReply& message, Bytes& out) {
  Bytes body;
  ByteWriter(body)
      .u8(byte(HandshakeTag::challenge_reply))
      .u32(message.challenge)
      .bytes(message.digest);
  append_with_length(body, out);
}

Result<ChallengeReply> decode_challenge_reply(ByteView message) {
  ByteReader reader(message);
  if (reader.u8() != byte(HandshakeTag::challenge_reply)) return bad("not a challenge reply");
  ChallengeReply decoded;
  decoded.challenge = reader.u32();
  decoded.digest = read_digest(reader);
  if (!reader.ok() || !reader.rest().empty()) return bad("a challenge reply of the wrong size");
  return decoded;
}

//  'a' | digest[16]
void encode(const ChallengeAck& message, Bytes& out) {
  Bytes body;
  ByteWriter(body).u8(byte(HandshakeTag::challenge_ack)).bytes(message.digest);
  append_with_length(body, out);
}

Result<ChallengeAck> decode_challenge_ack(ByteView message) {
  ByteReader reader(message);
  if (reader.u8() != byte(HandshakeTag::challenge_ack)) return bad("not a challenge ack");
  ChallengeAck decoded;
  decoded.digest = read_digest(reader);
  if (!reader.ok() || !reader.rest().empty()) return bad("a challenge ack of the wrong size");
  return decoded;
}

}  // namespace groot::dist
