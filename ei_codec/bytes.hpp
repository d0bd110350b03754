// The two byte types of the whole code base, and nothing else.
//
// All multi-byte integers on Erlang's wires are big-endian; see byte_reader.hpp.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

namespace groot::ei_codec {

using Bytes = std::vector<std::uint8_t>;
using ByteView = std::span<const std::uint8_t>;

// Bytes that several owners hold and none changes: a message encoded once and queued on many links.
using SharedBytes = std::shared_ptr<const Bytes>;

// Words at a time: what is compared is mostly short, and a call of memcmp would show in every
// look-up and in every register that is read.
[[nodiscard]] inline bool same_bytes(const std::uint8_t* a, const std::uint8_t* b,
                                     std::size_t size) {
  const auto same_word = [a, b]<class Word>(std::size_t at, Word) {
    Word of_a;
    Word of_b;
    std::memcpy(&of_a, a + at, sizeof of_a);
    std::memcpy(&of_b, b + at, sizeof of_b);
    return of_a == of_b;
  };
  if (size >= 8) {
    for (std::size_t at = 0; at < size - 8; at += 8) {
      if (!same_word(at, std::uint64_t{})) return false;
    }
    return same_word(size - 8, std::uint64_t{});
  }
  if (size >= 4) return same_word(0, std::uint32_t{}) && same_word(size - 4, std::uint32_t{});
  for (std::size_t at = 0; at < size; ++at) {
    if (a[at] != b[at]) return false;
  }
  return true;
}

[[nodiscard]] inline bool same_bytes(ByteView a, ByteView b) {
  return a.size() == b.size() && same_bytes(a.data(), b.data(), a.size());
}

// The view lives as long as the text it was made from.
[[nodiscard]] inline ByteView as_bytes(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

[[nodiscard]] inline std::string_view as_text(ByteView bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace groot::ei_codec
