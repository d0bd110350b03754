// What must hold for every term and every encoding of it.

#include <algorithm>

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include "ei_codec/canonical.hpp"
#include "ei_codec/codec_error.hpp"
#include "ei_codec/term_decode.hpp"
#include "ei_codec/term_encode.hpp"
#include "ei_codec/term_reader.hpp"
#include "golden_terms.hpp"
#include "random_terms.hpp"

namespace groot::ei_codec {

void showValue(const Term& term, std::ostream& out) {
  out << to_text(term, Syntax::erlang);
}

namespace {

Bytes key_of(ByteView bytes) {
  return canonical(scan_whole_term(bytes).value()).value();
}

// The same term again, or another one: both cases often.
Term related(const Term& term) {
  if (*rc::gen::inRange(0, 2) == 0) return term;
  return *random_term();
}

// Text cannot hold these.
bool has_identifier(const Term& term) {
  const auto any_of = [](const std::vector<Term>& terms) {
    return std::ranges::any_of(terms, has_identifier);
  };
  if (term.get_if<Pid>() || term.get_if<Port>() || term.get_if<Reference>() ||
      term.get_if<LocalFun>()) {
    return true;
  }
  if (const auto* tuple = term.get_if<Tuple>()) return any_of(tuple->elements);
  if (const auto* list = term.get_if<List>()) return any_of(list->elements) || any_of(list->tail);
  if (const auto* map = term.get_if<Map>()) {
    return std::ranges::any_of(map->pairs, [](const auto& pair) {
      return has_identifier(pair.first) || has_identifier(pair.second);
    });
  }
  return false;
}

}  // namespace

TEST_CASE("property: two encodings are one key exactly when they are one term") {
  CHECK(rc::check([] {
    const Term a = *random_term();
    const Term b = related(a);
    RC_ASSERT((key_of(random_encoding(a)) == key_of(random_encoding(b))) == (a == b));
  }));
}

TEST_CASE("property: canonical bytes are a valid encoding of the same term, and their own key") {
  CHECK(rc::check([] {
    const Term term = *random_term();
    const Bytes key = key_of(random_encoding(term));
    RC_ASSERT(key_of(key) == key);
    RC_ASSERT(decode_term(*scan_whole_term(key)).value() == term);
    RC_ASSERT(check_unique_keys(*scan_whole_term(key)).has_value());
  }));
}

TEST_CASE("property: every encoding decodes to the term, and the term encodes back") {
  CHECK(rc::check([] {
    const Term term = *random_term();
    const Bytes bytes = random_encoding(term);
    const auto scanned = scan_whole_term(bytes);
    RC_ASSERT(scanned.has_value());
    RC_ASSERT(check_unique_keys(*scanned).has_value());
    RC_ASSERT(decode_term(*scanned).value() == term);
    RC_ASSERT(decode_term(*scan_whole_term(encode_term(term))).value() == term);
    RC_ASSERT(TermReader(*scanned).take_term().size() == bytes.size());
  }));
}

TEST_CASE("property: every strict prefix asks for more") {
  CHECK(rc::check([] {
    const Bytes bytes = random_encoding(*random_term(2));
    for (std::size_t size = 0; size < bytes.size(); ++size) {
      const auto scanned = scan_term(ByteView(bytes).first(size));
      RC_ASSERT(!scanned.has_value());
      RC_ASSERT(scanned.error().code == codec_errc::truncated);
    }
  }));
}

TEST_CASE("property: is_list tells lists from all else, in every encoding") {
  CHECK(rc::check([] {
    const Term term = *random_term();
    const Bytes bytes = random_encoding(term);
    RC_ASSERT(is_list(*scan_whole_term(bytes)) == (term.get_if<List>() != nullptr));
  }));
}

TEST_CASE("property: what is printed is read as the same term") {
  CHECK(rc::check([] {
    const Term term = *random_term();
    RC_PRE(!has_identifier(term));
    for (const Syntax syntax : {Syntax::elixir, Syntax::erlang}) {
      const auto parsed = parse_term(to_text(term, syntax), syntax);
      RC_ASSERT(parsed.has_value());
      RC_ASSERT(*parsed == term);
    }
  }));
}

TEST_CASE("property: text is read or refused, never more") {
  CHECK(rc::check([] {
    std::string text = to_text(*random_term());
    const auto at = *rc::gen::inRange<std::size_t>(0, text.size() + 1);
    text.insert(at, 1, *rc::gen::arbitrary<char>());
    for (const Syntax syntax : {Syntax::elixir, Syntax::erlang}) {
      const auto parsed = parse_term(text, syntax);
      if (parsed) {
        const std::string printed = to_text(*parsed, syntax);
        RC_LOG() << text << "\n" << printed << "\n";
        const auto again = parse_term(printed, syntax);
        RC_ASSERT(again.has_value());
        RC_ASSERT(*again == *parsed);
      } else {
        RC_ASSERT(parsed.error().code.category() == codec_category());
      }
    }
  }));
}

}  // namespace groot::ei_codec
