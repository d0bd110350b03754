// Reads scanned bytes in place: no copy, no tree, no allocation, no bounds to check again.
//
// Stands in for `ei` on the register merge path, where `ei` costs most of the time; a test proves
// it equal to `ei` on the same bytes. Every take_* either consumes the next term (or, for a
// container, its header) and returns it, or leaves the position alone and returns nothing.
#pragma once

#include <cstdint>
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
  explicit TermReader(ScannedTerm term)
      : at_(term.bytes().data()), end_(at_ + term.size()), buffer_(term.buffer()) {}

  // True past the last term of the bytes given.
  [[nodiscard]] bool done() const { return at_ == end_; }
  // Precondition: !done().
  [[nodiscard]] TermKind kind() const;

  // The next term whole, whatever it is. Precondition: !done().
  ScannedTerm take_term();

  // The last term whole: all that is left, without a walk over it. Precondition: !done(), and just
  // one is left.
  ScannedTerm take_last_term() {
    invariant(!done(), "take of no term");
    return ScannedTerm({std::exchange(at_, end_), end_}, buffer_);
  }

  // The next term, and what one walk over it tells of it.
  struct Outlined {
    ScannedTerm term;
    bool canonical;  // for certain, as it stands; else it takes append_canonical to know
    bool has_map;    // or may have: check_unique_keys can refuse it
  };
  Outlined take_outlined() {
    // What most keys are, and many values.
    if (next_tag() == tag::binary) {
      const ByteView term(at_, binary_head_bytes + load_u32(at_ + 1));
      at_ += term.size();
      return {ScannedTerm(term), true, false};
    }
    return take_other_outlined();
  }

  // True, and consumed, when the bytes ahead start with these, which end where a term ends or a
  // container's header does.
  bool take_same(ByteView encoded) {
    if (left() < encoded.size() || !same_bytes(at_, encoded.data(), encoded.size())) return false;
    at_ += encoded.size();
    return true;
  }
  // Bytes not consumed yet.
  [[nodiscard]] std::size_t left() const { return static_cast<std::size_t>(end_ - at_); }
  [[nodiscard]] ByteView ahead() const { return {at_, end_}; }
  // Consumes so many of them. Precondition: they end where a term does.
  void skip(std::size_t bytes) { at_ += bytes; }

  // Headers: the elements follow and are taken one by one.
  std::optional<std::uint32_t> take_tuple() {  // arity
    if (next_tag() == tag::small_tuple) {
      const std::uint32_t arity = at_[1];
      at_ += 2;
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
    if (left() >= size + 2 && *at_ == tag::small_atom_utf8 && at_[1] == size) {
      return take_same_name(name, 2);
    }
    // What OTP 25 writes; Latin-1, so only text that is the same in both can be compared as is.
    if (left() >= size + 3 && *at_ == tag::atom && load_u16(at_ + 1) == size &&
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
    std::uint64_t value = 0;
    return take_uint64(value) ? std::optional(value) : std::nullopt;
  }
  // The same without an optional, which the compiler would pass through memory. `value` is set when
  // true.
  bool take_uint64(std::uint64_t& value) {
    const std::uint8_t tag = next_tag();
    if (tag == tag::small_integer) {
      value = at_[1];
      at_ += 2;
      return true;
    }
    if (tag == tag::integer && at_[1] < 0x80) {
      value = load_u32(at_ + 1);
      at_ += 5;
      return true;
    }
    // The integers of a stamp: up to eight digits, and so many bytes behind the first.
    if (tag == tag::small_big && left() >= 11 && at_[1] - 1U < 8 && at_[2] == 0) {
      const unsigned digits = at_[1];
      value = load_little_u64(at_ + 3) & UINT64_MAX >> (64 - 8 * digits);
      at_ += 3 + digits;
      return true;
    }
    return take_big_uint64(value);
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
  [[nodiscard]] std::uint8_t next_tag() const { return done() ? std::uint8_t{0} : *at_; }
  // To the first byte after `part`, which lies ahead.
  void advance_past(ByteView part) { at_ = part.data() + part.size(); }
  bool take_same_name(std::string_view name, std::size_t header) {
    if (as_text({at_ + header, name.size()}) != name) return false;
    at_ += header + name.size();
    return true;
  }
  std::optional<std::uint32_t> take_count(std::uint8_t wanted) {
    if (next_tag() != wanted) return std::nullopt;
    const std::uint32_t count = load_u32(at_ + 1);
    at_ += 5;
    return count;
  }
  // SMALL_INTEGER_EXT and INTEGER_EXT.
  std::optional<std::int64_t> take_short_integer() {
    if (next_tag() == tag::small_integer) {
      const std::int64_t value = at_[1];
      at_ += 2;
      return value;
    }
    if (next_tag() != tag::integer) return std::nullopt;
    const auto value = static_cast<std::int32_t>(load_u32(at_ + 1));
    at_ += 5;
    return value;
  }
  Outlined take_other_outlined();
  bool take_other_atom(std::string_view name);
  [[nodiscard]] std::optional<Big> next_big() const;
  std::optional<std::int64_t> take_big_int64();
  bool take_big_uint64(std::uint64_t& value);

  // Two ends rather than a view: what is taken changes one of them.
  const std::uint8_t* at_;
  const std::uint8_t* end_;
  const MessageBuffer* buffer_;
};

}  // namespace groot::ei_codec
