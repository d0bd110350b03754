#include "ei_codec/utf8.hpp"

#include "ei_codec/term_tags.hpp"

namespace groot::ei_codec {
namespace {

// The length of the character that starts at bytes[0], 0 when none does.
std::size_t character_bytes(ByteView bytes) {
  const std::uint8_t first = bytes[0];
  if (first < 0x80) return 1;
  if (first < 0xC2 || first > 0xF4) return 0;
  const std::size_t length = first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
  if (bytes.size() < length) return 0;
  // The second byte's range excludes overlong forms, surrogates and what lies past U+10FFFF.
  const std::uint8_t low = first == 0xE0 ? 0xA0 : first == 0xF0 ? 0x90 : 0x80;
  const std::uint8_t high = first == 0xED ? 0x9F : first == 0xF4 ? 0x8F : 0xBF;
  if (bytes[1] < low || bytes[1] > high) return 0;
  for (std::size_t i = 2; i < length; ++i) {
    if ((bytes[i] & 0xC0) != 0x80) return 0;
  }
  return length;
}

}  // namespace

std::optional<std::size_t> utf8_length(ByteView bytes) {
  if (is_ascii(bytes)) return bytes.size();
  std::size_t characters = 0;
  while (!bytes.empty()) {
    const std::size_t length = character_bytes(bytes);
    if (length == 0) return std::nullopt;
    bytes = bytes.subspan(length);
    ++characters;
  }
  return characters;
}

char32_t next_character(std::string_view text, std::size_t& at) {
  const auto byte = [&] { return static_cast<std::uint8_t>(text[at++]); };
  const std::uint8_t first = byte();
  if (first < 0x80) return first;
  const int more = first < 0xE0 ? 1 : first < 0xF0 ? 2 : 3;
  char32_t value = first & (0x3FU >> more);
  for (int i = 0; i < more; ++i) value = value << 6 | (byte() & 0x3FU);
  return value;
}

bool append_character(char32_t character, std::string& out) {
  const auto byte = [&](char32_t value) { out.push_back(static_cast<char>(value)); };
  const auto more = [&](unsigned shift) { byte(0x80 | (character >> shift & 0x3F)); };
  if (character > 0x10FFFF || (character >= 0xD800 && character <= 0xDFFF)) return false;
  if (character < 0x80) {
    byte(character);
  } else if (character < 0x800) {
    byte(0xC0 | character >> 6);
    more(0);
  } else if (character < 0x10000) {
    byte(0xE0 | character >> 12);
    more(6);
    more(0);
  } else {
    byte(0xF0 | character >> 18);
    more(12);
    more(6);
    more(0);
  }
  return true;
}

}  // namespace groot::ei_codec
