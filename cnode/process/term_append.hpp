// Appends external-term bytes for messages of a known shape, where a Term tree would only be in the
// way. Integers and atoms are written as a current OTP writes them.
#pragma once

#include <cstdint>
#include <string_view>

#include "ei_codec/byte_writer.hpp"
#include "ei_codec/bytes.hpp"

namespace groot::process {

using ei_codec::Bytes;
using ei_codec::ByteView;

inline void append_bytes(Bytes& out, ByteView encoded) {
  out.insert(out.end(), encoded.begin(), encoded.end());
}

// Precondition: UTF-8 of at most 255 characters, as in every atom that has passed the gate; that is
// up to 1,020 bytes.
void append_atom(Bytes& out, std::string_view name);

// The elements follow.
inline void append_tuple(Bytes& out, std::uint8_t arity) {
  ei_codec::ByteWriter(out).u8(104).u8(arity);
}
inline void append_map(Bytes& out, std::uint32_t pairs) {
  ei_codec::ByteWriter(out).u8(116).u32(pairs);
}
// The elements and a tail (append_nil for a proper list) follow. Precondition: count > 0.
inline void append_list(Bytes& out, std::uint32_t count) {
  ei_codec::ByteWriter(out).u8(108).u32(count);
}
inline void append_nil(Bytes& out) {
  out.push_back(106);
}

inline void append_unsigned(Bytes& out, std::uint64_t value) {
  if (value <= 0xff) {
    ei_codec::ByteWriter(out).u8(97).u8(static_cast<std::uint8_t>(value));
    return;
  }
  if (value <= 0x7fff'ffff) {
    ei_codec::ByteWriter(out).u8(98).u32(static_cast<std::uint32_t>(value));
    return;
  }
  std::uint8_t count = 0;
  for (std::uint64_t rest = value; rest != 0; rest >>= 8) ++count;
  ei_codec::ByteWriter(out).u8(110).u8(count).u8(0);
  for (std::uint64_t rest = value; rest != 0; rest >>= 8) {
    out.push_back(static_cast<std::uint8_t>(rest));
  }
}

// An Elixir string.
inline void append_binary(Bytes& out, std::string_view text) {
  ei_codec::ByteWriter(out).u8(109).u32(static_cast<std::uint32_t>(text.size())).text(text);
}

}  // namespace groot::process
