#include "ei_codec/term.hpp"

#include <algorithm>
#include <atomic>
#include <limits>

#include <doctest/doctest.h>

#include "ei_codec/codec_error.hpp"
#include "ei_codec/term_decode.hpp"
#include "ei_codec/term_encode.hpp"
#include "ei_codec/term_tags.hpp"

namespace groot::ei_codec {
namespace {

// Keys 0, 1, ... with values that depend on them.
std::vector<std::pair<Term, Term>> numbered(int count) {
  std::vector<std::pair<Term, Term>> pairs;
  for (int i = 0; i < count; ++i) pairs.emplace_back(i, binary(std::to_string(i)));
  return pairs;
}

// Deeper than a key may be, so that it has no canonical bytes.
Term deep(int innermost) {
  Term term = innermost;
  for (std::size_t i = 0; i <= tree_depth_max; ++i) term = tuple({std::move(term)});
  return term;
}

}  // namespace

TEST_CASE("term: equality is Erlang's =:=") {
  CHECK(Term(1) == Term(std::int64_t{1}));
  CHECK(Term(1) != Term(1.0));
  CHECK(Term(0.0) == Term(-0.0));
  CHECK(atom("a") != binary("a"));
  CHECK(Term() == list({}));
  CHECK(list({1}) != tuple({1}));
  CHECK(Term(List{{1}, {2}}) != list({1, 2}));
  CHECK(tuple({1, list({2})}) == tuple({1, list({2})}));
}

TEST_CASE("term: a binary is the same wherever its bytes lie") {
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, Binary::inline_bytes_max,
                                 Binary::inline_bytes_max + 1, std::size_t{100'000}}) {
    CAPTURE(size);
    Bytes bytes(size);
    for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::uint8_t>(i * 7);
    const Binary viewed{ByteView(bytes)};
    CHECK(same_bytes(viewed.view(), bytes));
    CHECK(Binary(bytes) == viewed);
    CHECK(Binary(Bytes(bytes)) == viewed);
    Term copied = viewed;
    Term moved = Binary(Bytes(size + 1));
    CHECK(moved != copied);
    moved = std::move(copied);
    CHECK(moved == Term(viewed));
    copied = moved;
    CHECK(copied == moved);
    CHECK(decode_term(scan_whole_term(encode_term(moved)).value()).value() == moved);
    if (size == 0) continue;
    bytes.back() ^= 1U;
    CHECK(Binary(bytes) != viewed);
    bytes.pop_back();
    CHECK(Binary(bytes) != viewed);
  }
  CHECK(Binary().view().empty());
}

TEST_CASE("term: references are equal when they differ in trailing zero words only") {
  const Reference one{Atom{"a@b"}, 1, {7}};
  const Reference padded{Atom{"a@b"}, 1, {7, 0, 0}};
  const Reference other{Atom{"a@b"}, 1, {7, 0, 1}};
  CHECK(one == padded);
  CHECK((one <=> padded) == std::strong_ordering::equal);
  CHECK(one != other);
  CHECK(one < other);
  CHECK(one != Reference{Atom{"a@b"}, 2, {7}});
  CHECK(one != Reference{Atom{"a@c"}, 1, {7}});
}

TEST_CASE("term: maps are equal whatever their order, at every size") {
  for (const int size : {0, 1, 2, 16, 17, 500}) {
    CAPTURE(size);
    auto pairs = numbered(size);
    const Term forwards = map(pairs);
    std::ranges::reverse(pairs);
    CHECK(map(pairs) == forwards);
    if (size == 0) continue;
    pairs.back().second = nil();
    CHECK(map(pairs) != forwards);
    std::ranges::reverse(pairs);
    CHECK(map(pairs) != forwards);
    pairs.back().first = nil();
    CHECK(map(pairs) != forwards);
    pairs.pop_back();
    CHECK(map(pairs) != forwards);
  }
}

TEST_CASE("term: large maps are compared in less than quadratic time") {
  auto pairs = numbered(50'000);
  const Term forwards = map(pairs);
  std::ranges::reverse(pairs);
  CHECK(map(pairs) == forwards);
}

TEST_CASE("term: a later pair replaces an equal key") {
  for (const int size : {3, 100}) {
    CAPTURE(size);
    auto pairs = numbered(size);
    pairs.emplace_back(1, nil());
    const Term term = map(pairs);
    const Map& result = *term.get_if<Map>();
    CHECK(result.pairs.size() == static_cast<std::size_t>(size));
    CHECK(*result.find(1) == nil());
    CHECK(*result.find(2) == binary("2"));
    CHECK(result.find(1.0) == nullptr);
  }
}

TEST_CASE("term: keys too deep for an index are found all the same") {
  auto pairs = numbered(20);
  pairs.emplace_back(deep(1), 1);
  pairs.emplace_back(deep(2), 2);
  pairs.emplace_back(deep(1), 3);
  const Term term = map(pairs);
  CHECK(term.get_if<Map>()->pairs.size() == 22);
  CHECK(*term.get_if<Map>()->find(deep(1)) == Term(3));
  std::ranges::reverse(pairs);
  pairs.erase(pairs.begin() + 2);  // the first deep(1)
  CHECK(map(pairs) == term);
}

TEST_CASE("term: keys that are no terms are found all the same") {
  const std::vector<Term> wrong{atom("\xff"), Reference{}, BitString{}, LocalFun{{1, 2, 3}}};
  auto pairs = numbered(20);
  for (const Term& key : wrong) pairs.emplace_back(key, 1);
  for (const Term& key : wrong) pairs.emplace_back(key, 2);
  const Term term = map(pairs);
  CHECK(term.get_if<Map>()->pairs.size() == 24);
  for (const Term& key : wrong) CHECK(*term.get_if<Map>()->find(key) == Term(2));
}

TEST_CASE("term: short spellings") {
  CHECK(atom("a").is_atom("a"));
  CHECK_FALSE(atom("a").is_atom("b"));
  CHECK_FALSE(binary("a").is_atom("a"));
  CHECK(boolean(true).is_atom("true"));
  CHECK(charlist("a\u00e9\u20ac") == list({97, 233, 0x20AC}));
  CHECK(charlist("a\xe9") == list({97, 233}));
  CHECK(charlist_text(charlist("a\u00e9\u20ac")) == "a\u00e9\u20ac");
  CHECK(charlist_text(charlist("13.1.5")) == "13.1.5");
  CHECK(charlist_text(list({})) == "");
  CHECK_FALSE(charlist_text(list({0xD800})));
  CHECK_FALSE(charlist_text(list({0x110000})));
  CHECK_FALSE(charlist_text(list({-1})));
  CHECK_FALSE(charlist_text(List{{97}, {98}}));
  CHECK_FALSE(charlist_text(binary("a")));
  CHECK(boolean(false).is_atom("false"));
  CHECK(nil().is_atom("nil"));
  CHECK(*unsigned_integer(7).get_if<std::int64_t>() == 7);
  CHECK(*unsigned_integer(INT64_MAX).get_if<std::int64_t>() == INT64_MAX);
  const Bytes highest(8, 0xFF);
  CHECK(unsigned_integer(UINT64_MAX) == Term(BigInteger{false, highest}));
}

TEST_CASE("term: a bool is the atom, wherever a term is made of it") {
  const bool on = true;
  CHECK(Term(true) == atom("true"));
  CHECK(Term(on) == atom("true"));
  CHECK(Term(false).is_atom("false"));
  CHECK(list({true, false}) == list({atom("true"), atom("false")}));
  CHECK(*map({{atom("on"), on}}).get_if<Map>()->find(atom("on")) == true);
  CHECK_FALSE(Term(true) == Term(1));
  const Term assigned = 1 < 2;
  CHECK(assigned.is_atom("true"));
  const std::vector<bool> flags{true};
  CHECK(Term(static_cast<bool>(flags[0])).is_atom("true"));
}

// Whether a Term can be made of it at all, with or without saying so.
template <class T>
constexpr bool makes_term = std::is_constructible_v<Term, T> || std::is_convertible_v<T, Term>;
enum class Scoped { one };

TEST_CASE("term: nothing becomes a term that it is not") {
  static_assert(!makes_term<const char*> && !makes_term<const char(&)[4]>);
  static_assert(!makes_term<void*> && !makes_term<const int*> && !makes_term<std::nullptr_t>);
  static_assert(!makes_term<std::string> && !makes_term<std::string_view>);
  static_assert(!makes_term<std::vector<bool>::reference> && !makes_term<std::true_type>);
  static_assert(!makes_term<std::atomic<bool>&> && !makes_term<const std::atomic<int>&>);
  static_assert(!makes_term<Scoped> && !makes_term<std::optional<bool>>);
  // It may be above what an int64 holds: unsigned_integer makes one.
  static_assert(!makes_term<std::uint64_t> && !makes_term<unsigned>);
  CHECK(Term(std::int8_t{-1}) == Term(-1));
  CHECK(Term(std::uint8_t{200}) == Term(200));
  CHECK(Term(1.5F) == Term(1.5));
  CHECK(Term('a') == Term(97));  // Erlang's $a
}

TEST_CASE("term: names with a zero byte survive ei") {
  const std::string name("a\0b", 3);
  for (const Term& term : {atom(name), Term(Pid{Atom{name}, 1, 2, 3}), Term(Port{Atom{name}, 1, 2}),
                           Term(Reference{Atom{name}, 1, {1, 2, 3}}),
                           Term(ExportedFun{Atom{name}, Atom{name}, 255})}) {
    const Bytes bytes = encode_term(term);
    const auto scanned = scan_whole_term(bytes);
    REQUIRE(scanned);
    CHECK(*decode_term(*scanned) == term);
  }
}

TEST_CASE("term: decoding keeps the sign of zero and the words of a reference") {
  const auto again = [](const Term& term) {
    const Bytes bytes = encode_term(term);
    return encode_term(*decode_term(*scan_whole_term(bytes))) == bytes;
  };
  CHECK(again(-0.0));
  CHECK(again(0.0));
  CHECK(again(Reference{Atom{"a@b"}, 1, {7}}));
}

TEST_CASE("term: depth of a tree, just below and just above") {
  Term term = nil();
  for (std::size_t i = 0; i < tree_depth_max; ++i) term = tuple({std::move(term)});
  const Bytes deepest = encode_term(term);
  CHECK(*decode_term(*scan_whole_term(deepest)) == term);
  const Bytes deeper = encode_term(tuple({term}));
  CHECK_FALSE(decode_term(*scan_whole_term(deeper)));
}

TEST_CASE("term: what is no term is refused, not encoded") {
  std::string longest;
  for (std::size_t i = 0; i < atom_characters_max; ++i) longest += "\u20ac";
  const auto refused = [](const Term& term) {
    const auto encoded = encode_checked(term);
    return encoded ? std::error_code() : encoded.error().code;
  };
  const double infinity = std::numeric_limits<double>::infinity();
  const std::vector<std::pair<Term, codec_errc>> wrong{
      {atom(longest + "x"), codec_errc::bad_atom},
      {atom("\xff"), codec_errc::bad_atom},
      {Pid{Atom{"\xff"}, 1, 2, 3}, codec_errc::bad_atom},
      {ExportedFun{Atom{"m"}, Atom{longest + "x"}, 1}, codec_errc::bad_atom},
      {Reference{Atom{"a@b"}, 1, {}}, codec_errc::bad_identifier},
      {Reference{Atom{"a@b"}, 1, {1, 2, 3, 4, 5, 6}}, codec_errc::bad_identifier},
      {BitString{{}, 1}, codec_errc::bad_bits},
      {BitString{{1}, 0}, codec_errc::bad_bits},
      {BitString{{1}, 8}, codec_errc::bad_bits},
      {infinity, codec_errc::bad_float},
      {infinity - infinity, codec_errc::bad_float},
  };
  for (const auto& each : wrong) {
    const Term& term = each.first;
    const codec_errc why = each.second;
    CAPTURE(make_error_code(why).message());
    CHECK(refused(term) == why);
    CHECK(refused(tuple({1, term, 2})) == why);
    CHECK(refused(list({1, term})) == why);
    CHECK(refused(map({{term, 1}})) == why);
  }
  CHECK(encode_checked(atom(longest)).value() == encode_term(atom(longest)));

  Term deep = nil();
  for (std::size_t i = 0; i < tree_depth_max; ++i) deep = tuple({std::move(deep)});
  CHECK(encode_checked(deep).value() == encode_term(deep));
  CHECK(refused(tuple({deep})) == codec_errc::too_deep);
}

TEST_CASE("term: encoding appends") {
  Bytes out{1};
  encode_term(Term(5), out);
  CHECK(out == Bytes{1, 97, 5});
}

}  // namespace groot::ei_codec
