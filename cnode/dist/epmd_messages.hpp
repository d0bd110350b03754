// What is said to epmd, the port mapper of each host, and what it answers (distribution.md section
// 1; OTP's epmd_srv.c). A request is a u16 length and a body; answers have no length.
//
// The decoders are given all bytes received so far. Nothing: more are needed; the caller gives up
// when epmd closes first. Bytes behind the answer are ignored. Errors: bad_epmd_reply.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ei_codec/bytes.hpp"
#include "ei_codec/result.hpp"

namespace groot::dist {

inline constexpr std::uint16_t epmd_default_port = 4369;

// The registration, which lives as long as the connection it was made on.
struct Alive2Request {
  std::string alive_name;  // without "@host"
  std::uint16_t port = 0;  // where the node listens
  bool hidden = true;
};
[[nodiscard]] ei_codec::Bytes encode(const Alive2Request& request);

struct Alive2Response {
  // False: the name is taken. epmd then leaves the connection open; close it.
  bool registered = false;
  // Given to each registration of a name in turn. Past 3 when the answer has 32 bits of it.
  std::uint32_t creation = 0;
};
[[nodiscard]] Result<std::optional<Alive2Response>> decode_alive2_response(
    ei_codec::ByteView received);

[[nodiscard]] ei_codec::Bytes encode_port_please2_request(std::string_view alive_name);

struct Port2Response {
  // Nothing: no such name is registered.
  std::optional<std::uint16_t> port;
  std::uint16_t highest_version = 0;
  std::uint16_t lowest_version = 0;
};
[[nodiscard]] Result<std::optional<Port2Response>> decode_port2_response(
    ei_codec::ByteView received);

}  // namespace groot::dist
