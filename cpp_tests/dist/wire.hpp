// Helpers for machines that talk in bytes.
#pragma once

#include <string>
#include <vector>

#include "cnode/dist/handshake_messages.hpp"
#include "cnode/dist/link.hpp"
#include "ei_codec/result.hpp"

namespace groot::dist::test {

[[nodiscard]] inline NodeName name(const std::string& text) {
  return *NodeName::parse(text);
}

[[nodiscard]] inline Identity identity(const std::string& text, std::uint32_t creation = 10) {
  return {
      .name = name(text), .creation = creation, .flags = hidden_flags, .net_ticktime_ms = 60'000};
}

// A handshake message as its peer encodes it, with its length.
template <class Message>
[[nodiscard]] Bytes message(const Message& value) {
  Bytes bytes;
  encode(value, bytes);
  return bytes;
}

[[nodiscard]] inline Bytes joined(const std::vector<OutputChunk>& chunks) {
  Bytes bytes;
  for (const OutputChunk& chunk : chunks) {
    bytes.insert(bytes.end(), chunk.view().begin(), chunk.view().end());
  }
  return bytes;
}

inline void append(Bytes& to, const Bytes& more) {
  to.insert(to.end(), more.begin(), more.end());
}

}  // namespace groot::dist::test
