#include "ei_codec/plain_term.hpp"

#include <cstring>
#include <limits>

#include "ei_codec/term_tags.hpp"
#include "ei_codec/utf8.hpp"

namespace groot::ei_codec {
namespace {

bool is_plain(std::int64_t value) {
  return value >= std::numeric_limits<std::int32_t>::min() &&
         value <= std::numeric_limits<std::int32_t>::max();
}

// ASCII alone: no characters to count, and every length that the check of a name lets through.
bool is_plain(std::string_view atom) {
  return atom.size() <= atom_characters_max && is_ascii(as_bytes(atom));
}

// 0 for what is not plain.
std::size_t plain_size(const Term& term) {
  if (const auto* binary = term.get_if<Binary>()) {
    const std::size_t size = binary->view().size();
    return size > std::numeric_limits<std::int32_t>::max() ? 0 : binary_head_bytes + size;
  }
  if (const auto* atom = term.get_if<Atom>())
    return is_plain(atom->name) ? 2 + atom->name.size() : 0;
  if (const auto* value = term.get_if<std::int64_t>()) {
    return !is_plain(*value) ? 0 : *value >= 0 && *value <= 255 ? 2 : 5;
  }
  return 0;
}

void write(ByteView bytes, std::uint8_t* to) {
  if (!bytes.empty()) std::memcpy(to, bytes.data(), bytes.size());
}

// Precondition: plain_size of it is not 0.
void write_plain(const Term& term, std::uint8_t* to) {
  if (const auto* binary = term.get_if<Binary>()) {
    const ByteView body = binary->view();
    write(body, to + binary_head_bytes);
    const std::uint64_t head = std::uint64_t{tag::binary} << 32 | body.size();
    if (body.size() >= 3) {
      // One store, as the hash of a key reads it with one load: from several it would have to wait.
      store_u64(head << 24 | std::uint64_t{body[0]} << 16 | std::uint64_t{body[1]} << 8 | body[2],
                to);
    } else {
      to[0] = tag::binary;
      store_u32(static_cast<std::uint32_t>(head), to + 1);
    }
  } else if (const auto* atom = term.get_if<Atom>()) {
    to[0] = tag::small_atom_utf8;
    to[1] = static_cast<std::uint8_t>(atom->name.size());
    write(as_bytes(atom->name), to + 2);
  } else if (const auto* value = term.get_if<std::int64_t>(); *value >= 0 && *value <= 255) {
    to[0] = tag::small_integer;
    to[1] = static_cast<std::uint8_t>(*value);
  } else {
    to[0] = tag::integer;
    store_u32(static_cast<std::uint32_t>(*value), to + 1);
  }
}

}  // namespace

bool append_plain(const Term& term, Bytes& out) {
  const std::size_t size = plain_size(term);
  if (size == 0) return false;
  const std::size_t begin = out.size();
  out.resize(begin + size);
  write_plain(term, out.data() + begin);
  return true;
}

ByteView encode_plain(const Term& term, std::span<std::uint8_t> room) {
  const std::size_t size = plain_size(term);
  if (size == 0 || size > room.size()) return {};
  write_plain(term, room.data());
  return room.first(size);
}

std::optional<Term> decode_plain(const ScannedTerm& term) {
  const ByteView bytes = term.bytes();
  switch (bytes[0]) {
    case tag::small_integer:
      return Term(std::int64_t{bytes[1]});
    case tag::integer:
      return Term(std::int64_t{static_cast<std::int32_t>(load_u32(bytes.data() + 1))});
    case tag::small_atom_utf8:
      return Term(Atom{std::string(as_text(bytes.subspan(2)))});
    case tag::binary:
      return std::optional<Term>(std::in_place, std::in_place_type<Binary>,
                                 bytes.subspan(binary_head_bytes));
    default:
      return std::nullopt;
  }
}

}  // namespace groot::ei_codec
