// Appends fixed-layout messages, big-endian, to a byte vector that the caller owns.
#pragma once

#include <cstdint>
#include <string_view>

#include "ei_codec/bytes.hpp"

namespace groot::ei_codec {

class ByteWriter {
 public:
  explicit ByteWriter(Bytes& out) : out_(out) {}

  ByteWriter& u8(std::uint8_t value) { return number(value, 1); }
  ByteWriter& u16(std::uint16_t value) { return number(value, 2); }
  ByteWriter& u32(std::uint32_t value) { return number(value, 4); }
  ByteWriter& u64(std::uint64_t value) { return number(value, 8); }
  ByteWriter& bytes(ByteView view) {
    out_.insert(out_.end(), view.begin(), view.end());
    return *this;
  }
  ByteWriter& text(std::string_view view) { return bytes(as_bytes(view)); }

 private:
  ByteWriter& number(std::uint64_t value, unsigned count) {
    for (unsigned shift = 8 * count; shift > 0; shift -= 8) {
      out_.push_back(static_cast<std::uint8_t>(value >> (shift - 8)));
    }
    return *this;
  }
  Bytes& out_;
};

}  // namespace groot::ei_codec
