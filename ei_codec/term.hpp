// Term: an Erlang term as a C++ value, for code that looks inside terms (the public API, control
// messages, remote calls). Registers never become one: they stay encoded.
//
// A regular type: copies are deep, `==` is Erlang's `=:=` (1 and 1.0 differ; a map is equal
// whatever the order of its pairs; -0.0 and 0.0 are equal, as on OTP 25 and 26).
#pragma once

#include <compare>
#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "ei_codec/binary.hpp"
#include "ei_codec/bytes.hpp"
#include "ei_codec/limits.hpp"
#include "ei_codec/result.hpp"

namespace groot::ei_codec {

class Term;

struct Atom {
  std::string name;  // UTF-8, at most 255 characters
  friend auto operator<=>(const Atom&, const Atom&) = default;
};

struct Pid {
  Atom node;
  std::uint32_t id = 0;
  std::uint32_t serial = 0;
  std::uint32_t creation = 0;
  friend auto operator<=>(const Pid&, const Pid&) = default;
};

struct Port {
  Atom node;
  std::uint64_t id = 0;
  std::uint32_t creation = 0;
  friend auto operator<=>(const Port&, const Port&) = default;
};

struct Reference {
  Atom node;
  std::uint32_t creation = 0;
  std::vector<std::uint32_t> words;  // 1..5, as they stand on the wire
  // Missing last words count as zero, as in OTP.
  friend bool operator==(const Reference&, const Reference&);
  friend std::strong_ordering operator<=>(const Reference&, const Reference&);
};

// An integer outside the range of int64.
struct BigInteger {
  bool negative = false;
  Bytes magnitude;  // little-endian, no leading (last) zero byte
  friend bool operator==(const BigInteger&, const BigInteger&) = default;
};

// A bit string whose size is not a whole number of bytes.
struct BitString {
  Bytes bytes;                 // the last one partial, its unused low bits zero
  std::uint8_t last_bits = 0;  // 1..7 used bits, from the top, of the last byte
  friend bool operator==(const BitString&, const BitString&) = default;
};

struct Tuple {
  std::vector<Term> elements;
  friend bool operator==(const Tuple&, const Tuple&);
};

// Proper when `tail` is empty; else `tail` holds exactly one term that is no list.
struct List {
  std::vector<Term> elements;
  std::vector<Term> tail;
  friend bool operator==(const List&, const List&);
};

struct Map {
  std::vector<std::pair<Term, Term>> pairs;  // no key twice
  // The value at `key`, or null.
  [[nodiscard]] const Term* find(const Term& key) const;
  friend bool operator==(const Map&, const Map&);
};

// fun Module:Function/Arity
struct ExportedFun {
  Atom module;
  Atom function;
  std::uint8_t arity = 0;
  friend auto operator<=>(const ExportedFun&, const ExportedFun&) = default;
};

// A local fun: kept as the bytes of its NEW_FUN_EXT, compared as such, re-emitted unchanged.
struct LocalFun {
  Bytes encoded;
  friend bool operator==(const LocalFun&, const LocalFun&) = default;
};

// An object that turns into a bool or a number by itself (an element of std::vector<bool>,
// std::true_type, a std::atomic): a flag would become an integer on its way into a Term.
template <class T>
concept TurnsIntoInteger = std::is_class_v<T> && std::is_convertible_v<const T&, std::int64_t>;

class Term {
 public:
  using Value = std::variant<std::int64_t, BigInteger, double, Atom, Pid, Port, Reference, Tuple,
                             List, Binary, BitString, Map, ExportedFun, LocalFun>;

  Term() : value_(List{}) {}  // []
  // Implicit from each alternative, so that {Atom{"a"}, Term(1)} reads like the tuple it is.
  Term(Value value) : value_(std::move(value)) {}
  // The alternative T, made in its place from the arguments.
  template <class T, class... Arguments>
  explicit Term(std::in_place_type_t<T> type, Arguments&&... arguments)
      : value_(type, std::forward<Arguments>(arguments)...) {}
  Term(std::int64_t value) : value_(value) {}
  Term(int value) : value_(std::int64_t{value}) {}
  Term(double value) : value_(value) {}
  // The atom true or false. Of exactly a bool: a pointer does not become one.
  template <std::same_as<bool> Bool>
  Term(Bool value) : value_(Atom{value ? "true" : "false"}) {}
  template <TurnsIntoInteger T>
  Term(const T& value) = delete;  // say which: static_cast<bool>
  Term(Atom value) : value_(std::move(value)) {}
  Term(Pid value) : value_(std::move(value)) {}
  Term(Port value) : value_(std::move(value)) {}
  Term(Reference value) : value_(std::move(value)) {}
  Term(Tuple value) : value_(std::move(value)) {}
  Term(List value) : value_(std::move(value)) {}
  Term(Map value) : value_(std::move(value)) {}
  Term(Binary value) : value_(std::move(value)) {}
  Term(BitString value) : value_(std::move(value)) {}
  Term(BigInteger value) : value_(std::move(value)) {}
  Term(ExportedFun value) : value_(std::move(value)) {}
  Term(LocalFun value) : value_(std::move(value)) {}

  [[nodiscard]] const Value& value() const& { return value_; }
  [[nodiscard]] Value value() && { return std::move(value_); }
  // The alternative T, or null.
  template <class T>
  [[nodiscard]] const T* get_if() const {
    return std::get_if<T>(&value_);
  }
  [[nodiscard]] bool is_atom(std::string_view name) const;

  friend bool operator==(const Term& a, const Term& b);

 private:
  Value value_;
};

// Short spellings for the terms that programs write most.
[[nodiscard]] Term atom(std::string_view name);
[[nodiscard]] Term binary(std::string_view utf8);  // an Elixir string
[[nodiscard]] Term boolean(bool value);            // the atom true or false
[[nodiscard]] Term nil();                          // the atom nil, Elixir's
[[nodiscard]] Term tuple(std::vector<Term> elements);
[[nodiscard]] Term list(std::vector<Term> elements);
// An Erlang string, a character an element; a byte an element when the text is not UTF-8.
[[nodiscard]] Term charlist(std::string_view utf8);
// The other way; none when the term is not a proper list of characters.
[[nodiscard]] std::optional<std::string> charlist_text(const Term& term);
[[nodiscard]] Term map(
    std::vector<std::pair<Term, Term>> pairs);             // a later pair replaces an equal key
[[nodiscard]] Term unsigned_integer(std::uint64_t value);  // int64 or BigInteger

// How a term is written in source text.
enum class Syntax { elixir, erlang };

// One line, whole: `%{a: [1, "x"]}` or `#{a => [1,<<"x">>]}`. Identifiers print as `#PID<n@h.1.0>`
// (Elixir) and `<n@h.1.0>` (Erlang), funs likewise; those do not parse back.
[[nodiscard]] std::string to_text(const Term& term, Syntax syntax = Syntax::elixir);

// Reads what to_text writes (identifiers and local funs excepted), with blanks anywhere, `0x`/`16#`
// and `_` in integers, keyword lists and charlists. Errors: codec_errc::bad_text with the byte
// offset, or one of the limits.
[[nodiscard]] Result<Term> parse_term(std::string_view text, Syntax syntax = Syntax::elixir);

}  // namespace groot::ei_codec
