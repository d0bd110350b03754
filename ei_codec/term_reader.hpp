// Reads scanned bytes in place: no copy, no tree, no allocation, no bounds to check again.
//
// Stands in for `ei` on the register merge path, where `ei` costs most of the time; a test proves
// it equal to `ei` on the same bytes. Every take_* either consumes the next term (or, for a
// container, its header) and returns it, or leaves the position alone and returns nothing.
#pragma once

#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "ei_codec/bytes.hpp"
#include "ei_codec/term_scan.hpp"
#include "ei_codec/term_tags.hpp"

namespace groot::ei_codec {

enum class TermKind {
  integer,  // any width
  floating,
  atom,
  pid,
  port,
  reference,
  tuple,
  nil,     // []
  list,    // LIST_EXT: `arity` elements, then a tail (NIL_EXT when proper)
  string,  // STRING_EXT: a list of bytes, equal to the LIST_EXT of the same small integers
  binary,
  bit_string,  // a bit binary whose last byte is partial
  map,
  fun,  // NEW_FUN_EXT or EXPORT_EXT
};

class TermReader {
 public:
  explicit TermReader(ScannedTerm term) : rest_(term.bytes()), buffer_(term.buffer()) {}

  // True past the last term of the bytes given.
  [[nodiscard]] bool done() const { return rest_.empty(); }
  // Precondition: !done().
  [[nodiscard]] TermKind kind() const;

  // The next term whole, whatever it is. Precondition: !done().
  ScannedTerm take_term();

  // The last term whole: all that is left, without a walk over it. Precondition: !done(), and just
  // one is left.
  ScannedTerm take_last_term() {
    invariant(!rest_.empty(), "take of no term");
    return ScannedTerm(std::exchange(rest_, {}), buffer_);
  }

  // The next term, and what one walk over it tells of it.
  struct Outlined {
    ScannedTerm term;
    bool canonical;  // for certain, as it stands; else it takes append_canonical to know
    bool has_map;    // or may have: check_unique_keys can refuse it
  };
  Outlined take_outlined();

  // True, and consumed, when the bytes ahead start with these, which end where a term ends or a
  // container's header does.
  bool take_same(ByteView encoded) {
    if (rest_.size() < encoded.size() ||
        std::memcmp(rest_.data(), encoded.data(), encoded.size()) != 0) {
      return false;
    }
    rest_ = rest_.subspan(encoded.size());
    return true;
  }
  // Bytes not consumed yet.
  [[nodiscard]] std::size_t left() const { return rest_.size(); }

  // Headers: the elements follow and are taken one by one.
  std::optional<std::uint32_t> take_tuple() {  // arity
    if (next_tag() == tag::small_tuple) {
      const std::uint32_t arity = rest_[1];
      rest_ = rest_.subspan(2);
      return arity;
    }
    return take_count(tag::large_tuple);
  }
  // Key-value pairs.
  std::optional<std::uint32_t> take_map() { return take_count(tag::map); }
  // LIST_EXT only: elements before the tail.
  std::optional<std::uint32_t> take_list() { return take_count(tag::list); }
  bool take_nil();

  // True, and consumed, when the next term is the atom `name` (UTF-8), in whichever encoding.
  bool take_atom(std::string_view name) {
    const std::size_t size = name.size();
    if (rest_.size() >= size + 2 && rest_[0] == tag::small_atom_utf8 && rest_[1] == size) {
      return take_same_name(name, 2);
    }
    // What OTP 25 writes; Latin-1, so only text that is the same in both can be compared as is.
    if (rest_.size() >= size + 3 && rest_[0] == tag::atom && load_u16(rest_.data() + 1) == size &&
        is_ascii(as_bytes(name))) {
      return take_same_name(name, 3);
    }
    return take_other_atom(name);
  }
  // The atom's name as UTF-8 text.
  std::optional<std::string> take_any_atom();
  // Integers of any encoded width that fit the wanted type.
  std::optional<std::int64_t> take_int64() {
    if (const auto value = take_short_integer()) return value;
    return take_big_int64();
  }
  std::optional<std::uint64_t> take_uint64() {
    if (next_tag() == tag::integer && rest_[1] >= 0x80) return std::nullopt;  // negative
    if (const auto value = take_short_integer()) return static_cast<std::uint64_t>(*value);
    // The integers of a stamp: up to eight digits, and so many bytes behind the first.
    if (next_tag() == tag::small_big && rest_.size() >= 11 && rest_[1] - 1U < 8 && rest_[2] == 0) {
      const unsigned digits = rest_[1];
      const std::uint64_t value =
          load_little_u64(rest_.data() + 3) & UINT64_MAX >> (64 - 8 * digits);
      rest_ = rest_.subspan(3 + digits);
      return value;
    }
    return take_big_uint64();
  }
  std::optional<ByteView> take_binary();  // also a bit binary of whole bytes
  std::optional<ByteView> take_string();  // STRING_EXT

 private:
  struct Big {
    bool negative;
    std::uint64_t magnitude;
    ByteView digits;
  };

  // 0, which is no tag, at the end.
  [[nodiscard]] std::uint8_t next_tag() const { return rest_.empty() ? std::uint8_t{0} : rest_[0]; }
  // To the first byte after `part`, which lies inside rest_.
  void advance_past(ByteView part) {
    rest_ = rest_.subspan(static_cast<std::size_t>(part.data() + part.size() - rest_.data()));
  }
  bool take_same_name(std::string_view name, std::size_t header) {
    if (as_text(rest_.subspan(header, name.size())) != name) return false;
    rest_ = rest_.subspan(header + name.size());
    return true;
  }
  std::optional<std::uint32_t> take_count(std::uint8_t wanted) {
    if (next_tag() != wanted) return std::nullopt;
    const std::uint32_t count = load_u32(rest_.data() + 1);
    rest_ = rest_.subspan(5);
    return count;
  }
  // SMALL_INTEGER_EXT and INTEGER_EXT.
  std::optional<std::int64_t> take_short_integer() {
    if (next_tag() == tag::small_integer) {
      const std::int64_t value = rest_[1];
      rest_ = rest_.subspan(2);
      return value;
    }
    if (next_tag() != tag::integer) return std::nullopt;
    const auto value = static_cast<std::int32_t>(load_u32(rest_.data() + 1));
    rest_ = rest_.subspan(5);
    return value;
  }
  bool take_other_atom(std::string_view name);
  [[nodiscard]] std::optional<Big> next_big() const;
  std::optional<std::int64_t> take_big_int64();
  std::optional<std::uint64_t> take_big_uint64();

  ByteView rest_;
  const MessageBuffer* buffer_;
};

}  // namespace groot::ei_codec
