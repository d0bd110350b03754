// The two byte types of the whole code base, and nothing else.
//
// All multi-byte integers on Erlang's wires are big-endian; see byte_reader.hpp.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

namespace groot::ei_codec {

using Bytes = std::vector<std::uint8_t>;
using ByteView = std::span<const std::uint8_t>;

// Bytes that several owners hold and none changes: a message encoded once and queued on many links.
using SharedBytes = std::shared_ptr<const Bytes>;

[[nodiscard]] inline bool same_bytes(ByteView a, ByteView b) {
  return std::ranges::equal(a, b);
}

// The view lives as long as the text it was made from.
[[nodiscard]] inline ByteView as_bytes(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

[[nodiscard]] inline std::string_view as_text(ByteView bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace groot::ei_codec
