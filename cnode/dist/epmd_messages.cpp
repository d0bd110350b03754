#include "cnode/dist/epmd_messages.hpp"

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

// Frozen: they are on the wire.
enum Tag : std::uint8_t {
  alive2_x_resp = 118,
  port2_resp = 119,
  alive2_req = 120,
  alive2_resp = 121,
  port_please2_req = 122,
};
constexpr std::uint8_t visible_node = 77;
constexpr std::uint8_t hidden_node = 72;
constexpr std::uint8_t tcp_protocol = 0;
// What BEAM registers, too: version 6 is the handshake we speak, 5 tells old peers to try.
constexpr std::uint16_t highest_version = 6;
constexpr std::uint16_t lowest_version = 5;

Bytes with_length(const Bytes& body) {
  Bytes message;
  message.reserve(2 + body.size());
  ByteWriter(message).u16(static_cast<std::uint16_t>(body.size())).bytes(body);
  return message;
}

Error bad_reply(std::string detail) {
  return Error{dist_errc::bad_epmd_reply, std::move(detail)};
}

}  // namespace

//  120 | port:u16 | type:u8 | protocol:u8 | high:u16 | low:u16 | nlen:u16 | name | elen:u16 | extra
Bytes encode(const Alive2Request& request) {
  invariant(request.alive_name.size() <= node_name_bytes_max, "a node name is at most 255 bytes");
  Bytes body;
  ByteWriter(body)
      .u8(alive2_req)
      .u16(request.port)
      .u8(request.hidden ? hidden_node : visible_node)
      .u8(tcp_protocol)
      .u16(highest_version)
      .u16(lowest_version)
      .u16(static_cast<std::uint16_t>(request.alive_name.size()))
      .text(request.alive_name)
      .u16(0);
  return with_length(body);
}

//  118 | result:u8 | creation:u32      to those who registered version 6
//  121 | result:u8 | creation:u16      from an epmd older than that
Result<std::optional<Alive2Response>> decode_alive2_response(ByteView received) {
  if (received.empty()) return std::optional<Alive2Response>();
  ByteReader reader(received);
  const std::uint8_t tag = reader.u8();
  if (tag != alive2_x_resp && tag != alive2_resp) {
    return bad_reply("tag " + std::to_string(tag) + " in answer to ALIVE2_REQ");
  }
  const std::uint8_t result = reader.u8();
  const std::uint32_t creation = tag == alive2_x_resp ? reader.u32() : reader.u16();
  if (!reader.ok()) return std::optional<Alive2Response>();
  return std::optional<Alive2Response>({.registered = result == 0, .creation = creation});
}

//  122 | name
Bytes encode_port_please2_request(std::string_view alive_name) {
  invariant(alive_name.size() <= node_name_bytes_max, "a node name is at most 255 bytes");
  Bytes body;
  ByteWriter(body).u8(port_please2_req).text(alive_name);
  return with_length(body);
}

//  119 | result:u8 | port:u16 | type:u8 | protocol:u8 | high:u16 | low:u16 | nlen:u16 | name | ...
//
// With a result other than 0 nothing follows it. The type is of no use: whether a peer is hidden
// is decided by its flags.
Result<std::optional<Port2Response>> decode_port2_response(ByteView received) {
  if (received.empty()) return std::optional<Port2Response>();
  ByteReader reader(received);
  const std::uint8_t tag = reader.u8();
  if (tag != port2_resp) {
    return bad_reply("tag " + std::to_string(tag) + " in answer to PORT_PLEASE2_REQ");
  }
  const std::uint8_t result = reader.u8();
  if (reader.ok() && result != 0) return std::optional<Port2Response>(Port2Response{});
  const std::uint16_t port = reader.u16();
  reader.u8();
  const std::uint8_t protocol = reader.u8();
  const std::uint16_t high = reader.u16();
  const std::uint16_t low = reader.u16();
  reader.bytes(reader.u16());
  if (!reader.ok()) return std::optional<Port2Response>();
  if (protocol != tcp_protocol) {
    return bad_reply("protocol " + std::to_string(protocol) + " is not TCP");
  }
  if (port == 0) return bad_reply("port 0");
  return std::optional<Port2Response>(
      {.port = port, .highest_version = high, .lowest_version = low});
}

}  // namespace groot::dist
