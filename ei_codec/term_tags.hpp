// The tags of the external term format (OTP 25: erl_ext_dist) and big-endian loads and stores.
// Shared by the files of this layer; nobody above it needs a tag.
#pragma once

#include <cstdint>
#include <cstring>

#include "ei_codec/bytes.hpp"
#include "ei_codec/result.hpp"

namespace groot::ei_codec::tag {

inline constexpr std::uint8_t version = 131;
inline constexpr std::uint8_t new_float = 70;        // double, big-endian
inline constexpr std::uint8_t bit_binary = 77;       // u32 bytes, u8 bits of the last, bytes
inline constexpr std::uint8_t new_pid = 88;          // node, u32 id, u32 serial, u32 creation
inline constexpr std::uint8_t new_port = 89;         // node, u32 id, u32 creation
inline constexpr std::uint8_t newer_reference = 90;  // u16 n, node, u32 creation, n u32 words
inline constexpr std::uint8_t small_integer = 97;    // u8
inline constexpr std::uint8_t integer = 98;          // i32
inline constexpr std::uint8_t old_float = 99;        // 31 characters
inline constexpr std::uint8_t atom = 100;            // u16 bytes, Latin-1
inline constexpr std::uint8_t old_reference = 101;   // node, u32 word, u8 creation
inline constexpr std::uint8_t old_port = 102;        // node, u32 id, u8 creation
inline constexpr std::uint8_t old_pid = 103;         // node, u32 id, u32 serial, u8 creation
inline constexpr std::uint8_t small_tuple = 104;     // u8 arity, elements
inline constexpr std::uint8_t large_tuple = 105;     // u32 arity, elements
inline constexpr std::uint8_t nil = 106;
inline constexpr std::uint8_t string = 107;           // u16 bytes
inline constexpr std::uint8_t list = 108;             // u32 count, elements, tail
inline constexpr std::uint8_t binary = 109;           // u32 bytes
inline constexpr std::uint8_t small_big = 110;        // u8 bytes, u8 sign, little-endian magnitude
inline constexpr std::uint8_t large_big = 111;        // u32 bytes, u8 sign, the same
inline constexpr std::uint8_t new_fun = 112;          // see fun_header_bytes
inline constexpr std::uint8_t export_fun = 113;       // module, function, arity (small_integer)
inline constexpr std::uint8_t new_reference = 114;    // u16 n, node, u8 creation, n u32 words
inline constexpr std::uint8_t small_atom = 115;       // u8 bytes, Latin-1
inline constexpr std::uint8_t map = 116;              // u32 pairs, key value ...
inline constexpr std::uint8_t atom_utf8 = 118;        // u16 bytes
inline constexpr std::uint8_t small_atom_utf8 = 119;  // u8 bytes
inline constexpr std::uint8_t v4_port = 120;          // node, u64 id, u32 creation

// After the tag of new_fun: u32 size (of all but the tag), u8 arity, 16 bytes uniq, u32 index,
// u32 number of free variables; then module, old index, old uniq, creator pid, free variables.
inline constexpr std::size_t fun_header_bytes = 4 + 1 + 16 + 4 + 4;
inline constexpr std::size_t fun_free_count_offset = 4 + 1 + 16 + 4;
inline constexpr std::size_t old_float_bytes = 31;

}  // namespace groot::ei_codec::tag

namespace groot::ei_codec {

inline constexpr std::size_t atom_characters_max = 255;
inline constexpr std::size_t reference_words_max = 5;
inline constexpr std::uint32_t new_port_id_max = (1U << 28) - 1;  // above, OTP writes V4_PORT_EXT

// Precondition of the loads: that many bytes can be read at `at`.
[[nodiscard]] inline std::uint16_t load_u16(const std::uint8_t* at) {
  return static_cast<std::uint16_t>(at[0] << 8 | at[1]);
}
[[nodiscard]] inline std::uint32_t load_u32(const std::uint8_t* at) {
  return std::uint32_t{at[0]} << 24 | std::uint32_t{at[1]} << 16 | std::uint32_t{at[2]} << 8 |
         std::uint32_t{at[3]};
}
[[nodiscard]] inline std::uint64_t load_u64(const std::uint8_t* at) {
  return std::uint64_t{load_u32(at)} << 32 | load_u32(at + 4);
}
// In the machine's own order.
template <class Word>
[[nodiscard]] Word load_native(const std::uint8_t* at) {
  Word word;
  std::memcpy(&word, at, sizeof word);
  return word;
}
[[nodiscard]] inline std::uint64_t load_little_u64(const std::uint8_t* at) {
  std::uint64_t value = 0;
  for (unsigned i = 0; i < 8; ++i) value |= std::uint64_t{at[i]} << 8 * i;
  return value;
}
inline void store_u32(std::uint32_t value, std::uint8_t* at) {
  at[0] = static_cast<std::uint8_t>(value >> 24);
  at[1] = static_cast<std::uint8_t>(value >> 16);
  at[2] = static_cast<std::uint8_t>(value >> 8);
  at[3] = static_cast<std::uint8_t>(value);
}
inline void store_u64(std::uint64_t value, std::uint8_t* at) {
  store_u32(static_cast<std::uint32_t>(value >> 32), at);
  store_u32(static_cast<std::uint32_t>(value), at + 4);
}

[[nodiscard]] inline bool is_atom_tag(std::uint8_t tag) {
  return tag == tag::small_atom_utf8 || tag == tag::atom || tag == tag::atom_utf8 ||
         tag == tag::small_atom;
}

// The name of an atom as it stands on the wire.
struct RawAtom {
  ByteView name;
  bool latin1 = false;
};

// Precondition: a scanned atom starts at `at`.
[[nodiscard]] inline RawAtom raw_atom(const std::uint8_t* at) {
  const bool small = at[0] == tag::small_atom_utf8 || at[0] == tag::small_atom;
  const bool latin1 = at[0] == tag::atom || at[0] == tag::small_atom;
  if (small) return {ByteView(at + 2, at[1]), latin1};
  return {ByteView(at + 3, load_u16(at + 1)), latin1};
}

// What stands before the bytes of a BINARY_EXT: the tag and their number.
inline constexpr std::size_t binary_head_bytes = 5;

// The first byte after the scanned term that starts at `at`.
[[nodiscard]] const std::uint8_t* skip_term(const std::uint8_t* at);

// True when no byte has its top bit set.
[[nodiscard]] bool is_ascii(ByteView bytes);

// Appends Latin-1 text as UTF-8.
void append_utf8(ByteView latin1, Bytes& out);

}  // namespace groot::ei_codec
