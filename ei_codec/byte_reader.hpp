// A bounds-checked cursor for fixed-layout messages (handshake, epmd, frame headers).
// The first failed read sticks: read everything, then ask ok() once.
#pragma once

#include <cstdint>
#include <string_view>

#include "ei_codec/bytes.hpp"

namespace groot::ei_codec {

class ByteReader {
 public:
  explicit ByteReader(ByteView bytes) : rest_(bytes) {}

  // Big-endian. 0, and ok() is false from then on, when the bytes do not suffice.
  std::uint8_t u8() { return static_cast<std::uint8_t>(number(1)); }
  std::uint16_t u16() { return static_cast<std::uint16_t>(number(2)); }
  std::uint32_t u32() { return static_cast<std::uint32_t>(number(4)); }
  std::uint64_t u64() { return number(8); }
  ByteView bytes(std::size_t count) {
    if (!ok_ || rest_.size() < count) {
      ok_ = false;
      return {};
    }
    const ByteView taken = rest_.first(count);
    rest_ = rest_.subspan(count);
    return taken;
  }
  std::string_view text(std::size_t count) { return as_text(bytes(count)); }

  [[nodiscard]] bool ok() const { return ok_; }
  [[nodiscard]] ByteView rest() const { return rest_; }

 private:
  std::uint64_t number(std::size_t count) {
    std::uint64_t value = 0;
    for (const std::uint8_t byte : bytes(count)) value = value << 8 | byte;
    return value;
  }
  ByteView rest_;
  bool ok_ = true;
};

}  // namespace groot::ei_codec
