#include "ei_codec/term_reader.hpp"

#include <algorithm>

namespace groot::ei_codec {
namespace {

// More in a key and it takes append_canonical, which refuses keys that are nested too deeply.
constexpr std::size_t plain_containers_max = 16;

// False for the tags of terms without elements.
bool may_hold_map(std::uint8_t tag) {
  return tag == tag::map || tag == tag::list || tag == tag::large_tuple || tag == tag::new_fun;
}

// The magnitude of a big integer, when it fits.
std::optional<std::uint64_t> magnitude(ByteView little_endian) {
  while (!little_endian.empty() && little_endian.back() == 0) {
    little_endian = little_endian.first(little_endian.size() - 1);
  }
  if (little_endian.size() > 8) return std::nullopt;
  std::uint64_t value = 0;
  for (auto byte = little_endian.rbegin(); byte != little_endian.rend(); ++byte) {
    value = value << 8 | *byte;
  }
  return value;
}

}  // namespace

TermKind TermReader::kind() const {
  invariant(!done(), "kind of no term");
  switch (*at_) {
    case tag::small_integer:
    case tag::integer:
    case tag::small_big:
    case tag::large_big:
      return TermKind::integer;
    case tag::new_float:
    case tag::old_float:
      return TermKind::floating;
    case tag::new_pid:
    case tag::old_pid:
      return TermKind::pid;
    case tag::new_port:
    case tag::v4_port:
    case tag::old_port:
      return TermKind::port;
    case tag::newer_reference:
    case tag::new_reference:
    case tag::old_reference:
      return TermKind::reference;
    case tag::small_tuple:
    case tag::large_tuple:
      return TermKind::tuple;
    case tag::nil:
      return TermKind::nil;
    case tag::list:
      return TermKind::list;
    case tag::string:
      return TermKind::string;
    case tag::binary:
      return TermKind::binary;
    case tag::bit_binary:
      return at_[5] % 8 == 0 ? TermKind::binary : TermKind::bit_string;
    case tag::map:
      return TermKind::map;
    case tag::new_fun:
    case tag::export_fun:
      return TermKind::fun;
    default:
      return TermKind::atom;
  }
}

ScannedTerm TermReader::take_term() {
  invariant(!done(), "take of no term");
  const std::uint8_t* const end = skip_term(at_);
  invariant(end <= end_, "a scanned term ends inside its bytes");
  return ScannedTerm({std::exchange(at_, end), end}, buffer_);
}

TermReader::Outlined TermReader::take_other_outlined() {
  invariant(!done(), "take of no term");
  bool canonical = true;
  bool has_map = false;
  std::size_t containers = 0;
  std::uint64_t pending = 1;
  const std::uint8_t* at = at_;
  while (pending > 0) {
    --pending;
    switch (*at) {
      case tag::small_integer:
        at += 2;
        break;
      case tag::integer:
        canonical = canonical && load_u32(at + 1) > 255;
        at += 5;
        break;
      case tag::small_atom_utf8:
        at += 2 + at[1];
        break;
      case tag::binary:
        at += 5 + std::size_t{load_u32(at + 1)};
        break;
      case tag::nil:
        at += 1;
        break;
      case tag::small_tuple:
        pending += at[1];
        at += 2;
        ++containers;
        break;
      default: {
        canonical = false;
        const std::uint8_t* const end = skip_term(at);
        has_map = has_map || may_hold_map(*at);
        at = end;
      }
    }
  }
  invariant(at <= end_, "a scanned term ends inside its bytes");
  const ByteView term(std::exchange(at_, at), at);
  return {ScannedTerm(term), canonical && containers <= plain_containers_max, has_map};
}

bool TermReader::take_nil() {
  const bool empty_string = next_tag() == tag::string && load_u16(at_ + 1) == 0;
  if (next_tag() != tag::nil && !empty_string) return false;
  at_ += empty_string ? 3 : 1;
  return true;
}

bool TermReader::take_other_atom(std::string_view name) {
  if (done() || !is_atom_tag(*at_)) return false;
  const RawAtom atom = raw_atom(at_);
  if (atom.latin1 && !is_ascii(atom.name)) {
    Bytes utf8;
    append_utf8(atom.name, utf8);
    if (as_text(utf8) != name) return false;
  } else if (as_text(atom.name) != name) {
    return false;
  }
  advance_past(atom.name);
  return true;
}

std::optional<std::string> TermReader::take_any_atom() {
  if (done() || !is_atom_tag(*at_)) return std::nullopt;
  const RawAtom atom = raw_atom(at_);
  advance_past(atom.name);
  if (!atom.latin1) return std::string(as_text(atom.name));
  Bytes utf8;
  append_utf8(atom.name, utf8);
  return std::string(as_text(utf8));
}

std::optional<TermReader::Big> TermReader::next_big() const {
  const std::uint8_t tag = next_tag();
  if (tag != tag::small_big && tag != tag::large_big) return std::nullopt;
  const std::uint8_t* body = at_ + 1;
  const std::size_t length = tag == tag::small_big ? *body : load_u32(body);
  body += tag == tag::small_big ? 1 : 4;
  const ByteView digits(body + 1, length);
  const auto value = magnitude(digits);
  if (!value) return std::nullopt;
  return Big{*body != 0 && *value != 0, *value, digits};
}

std::optional<std::int64_t> TermReader::take_big_int64() {
  const auto big = next_big();
  const std::uint64_t limit = (std::uint64_t{1} << 63) - (big && big->negative ? 0 : 1);
  if (!big || big->magnitude > limit) return std::nullopt;
  advance_past(big->digits);
  return static_cast<std::int64_t>(big->negative ? ~big->magnitude + 1 : big->magnitude);
}

bool TermReader::take_big_uint64(std::uint64_t& value) {
  const auto big = next_big();
  if (!big || big->negative) return false;
  advance_past(big->digits);
  value = big->magnitude;
  return true;
}

std::optional<ByteView> TermReader::take_binary() {
  const std::uint8_t tag = next_tag();
  const bool whole_bits = tag == tag::bit_binary && at_[5] % 8 == 0;
  if (tag != tag::binary && !whole_bits) return std::nullopt;
  const ByteView bytes(at_ + (whole_bits ? 6 : 5), load_u32(at_ + 1));
  advance_past(bytes);
  return bytes;
}

std::optional<ByteView> TermReader::take_string() {
  if (next_tag() != tag::string) return std::nullopt;
  const ByteView bytes(at_ + 3, load_u16(at_ + 1));
  advance_past(bytes);
  return bytes;
}

}  // namespace groot::ei_codec
