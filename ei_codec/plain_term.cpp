#include "ei_codec/plain_term.hpp"

#include <array>
#include <limits>

#include "ei_codec/term_tags.hpp"
#include "ei_codec/utf8.hpp"

namespace groot::ei_codec {
namespace {

void append(Bytes& out, ByteView header, ByteView body) {
  out.reserve(out.size() + header.size() + body.size());
  out.insert(out.end(), header.begin(), header.end());
  out.insert(out.end(), body.begin(), body.end());
}

bool append_integer(std::int64_t value, Bytes& out) {
  if (value < std::numeric_limits<std::int32_t>::min() ||
      value > std::numeric_limits<std::int32_t>::max()) {
    return false;
  }
  std::array<std::uint8_t, 5> bytes{tag::integer};
  store_u32(static_cast<std::uint32_t>(value), bytes.data() + 1);
  if (value < 0 || value > 255) {
    append(out, bytes, {});
  } else {
    append(out, std::array{tag::small_integer, bytes[4]}, {});
  }
  return true;
}

// ASCII alone: no characters to count, and every length that the check of a name lets through.
bool append_atom(std::string_view name, Bytes& out) {
  if (name.size() > atom_characters_max || !is_ascii(as_bytes(name))) return false;
  append(out, std::array{tag::small_atom_utf8, static_cast<std::uint8_t>(name.size())},
         as_bytes(name));
  return true;
}

bool append_binary(ByteView bytes, Bytes& out) {
  if (bytes.size() > std::numeric_limits<std::int32_t>::max()) return false;
  std::array<std::uint8_t, 5> header{tag::binary};
  store_u32(static_cast<std::uint32_t>(bytes.size()), header.data() + 1);
  append(out, header, bytes);
  return true;
}

}  // namespace

bool append_plain(const Term& term, Bytes& out) {
  if (const auto* bytes = term.get_if<Binary>()) return append_binary(bytes->bytes, out);
  if (const auto* name = term.get_if<Atom>()) return append_atom(name->name, out);
  if (const auto* value = term.get_if<std::int64_t>()) return append_integer(*value, out);
  return false;
}

std::optional<Term> decode_plain(ScannedTerm term) {
  const ByteView bytes = term.bytes();
  switch (bytes[0]) {
    case tag::small_integer:
      return Term(std::int64_t{bytes[1]});
    case tag::integer:
      return Term(std::int64_t{static_cast<std::int32_t>(load_u32(bytes.data() + 1))});
    case tag::small_atom_utf8:
      return Term(Atom{std::string(as_text(bytes.subspan(2)))});
    case tag::binary:
      return Term(Binary{Bytes(bytes.begin() + 5, bytes.end())});
    default:
      return std::nullopt;
  }
}

}  // namespace groot::ei_codec
