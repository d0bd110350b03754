#include "ei_codec/term_tags.hpp"

#include <cstring>

namespace groot::ei_codec {

// Scanned bytes nest correctly by themselves, so one counter of terms still to pass replaces the
// stack that the gate needs.
const std::uint8_t* skip_term(const std::uint8_t* at) {
  std::uint64_t pending = 1;
  while (pending > 0) {
    --pending;
    const std::uint8_t* body = at + 1;
    switch (*at) {
      case tag::small_integer:
        at = body + 1;
        break;
      case tag::integer:
        at = body + 4;
        break;
      case tag::new_float:
        at = body + 8;
        break;
      case tag::old_float:
        at = body + tag::old_float_bytes;
        break;
      case tag::small_atom:
      case tag::small_atom_utf8:
        at = body + 1 + *body;
        break;
      case tag::atom:
      case tag::atom_utf8:
      case tag::string:
        at = body + 2 + load_u16(body);
        break;
      case tag::binary:
        at = body + 4 + load_u32(body);
        break;
      case tag::bit_binary:
        at = body + 5 + load_u32(body);
        break;
      case tag::small_big:
        at = body + 2 + *body;
        break;
      case tag::large_big:
        at = body + 5 + load_u32(body);
        break;
      case tag::nil:
        at = body;
        break;
      case tag::small_tuple:
        pending += *body;
        at = body + 1;
        break;
      case tag::large_tuple:
        pending += load_u32(body);
        at = body + 4;
        break;
      case tag::list:
        pending += std::uint64_t{load_u32(body)} + 1;
        at = body + 4;
        break;
      case tag::map:
        pending += 2 * std::uint64_t{load_u32(body)};
        at = body + 4;
        break;
      case tag::new_pid:
        at = skip_term(body) + 12;
        break;  // one level: the node is an atom
      case tag::old_pid:
        at = skip_term(body) + 9;
        break;
      case tag::new_port:
        at = skip_term(body) + 8;
        break;
      case tag::v4_port:
        at = skip_term(body) + 12;
        break;
      case tag::old_port:
      case tag::old_reference:
        at = skip_term(body) + 5;
        break;
      case tag::newer_reference:
        at = skip_term(body + 2) + 4 + 4 * load_u16(body);
        break;
      case tag::new_reference:
        at = skip_term(body + 2) + 1 + 4 * load_u16(body);
        break;
      case tag::export_fun:
        pending += 3;
        at = body;
        break;
      case tag::new_fun:
        at = body + load_u32(body);
        break;
      default:
        invariant(false, "a scanned term holds an unknown tag");
    }
  }
  return at;
}

bool is_ascii(ByteView bytes) {
  constexpr std::uint64_t top_bits = 0x8080808080808080;
  const std::uint8_t* const at = bytes.data();
  const std::size_t size = bytes.size();
  std::uint64_t any = 0;
  // Whole words, the last of which may overlap the one before: names are short.
  if (size >= 8) {
    for (std::size_t i = 0; i + 8 < size; i += 8) any |= load_native<std::uint64_t>(at + i);
    any |= load_native<std::uint64_t>(at + size - 8);
  } else if (size >= 4) {
    any = load_native<std::uint32_t>(at) | load_native<std::uint32_t>(at + size - 4);
  } else {
    for (std::size_t i = 0; i < size; ++i) any |= at[i];
  }
  return (any & top_bits) == 0;
}

void append_utf8(ByteView latin1, Bytes& out) {
  for (const std::uint8_t byte : latin1) {
    if (byte < 0x80) {
      out.push_back(byte);
    } else {
      out.push_back(static_cast<std::uint8_t>(0xC0 | byte >> 6));
      out.push_back(static_cast<std::uint8_t>(0x80 | (byte & 0x3F)));
    }
  }
}

}  // namespace groot::ei_codec
