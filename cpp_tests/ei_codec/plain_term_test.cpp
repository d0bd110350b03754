#include "ei_codec/plain_term.hpp"

#include <limits>

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include "ei_codec/canonical.hpp"
#include "ei_codec/term_decode.hpp"
#include "ei_codec/term_encode.hpp"
#include "ei_codec/term_tags.hpp"
#include "golden_terms.hpp"
#include "random_terms.hpp"

namespace groot::ei_codec {
namespace {

// Through the general encoder, which only looks at the whole of a tuple here.
Bytes general_encoding(const Term& term) {
  const Bytes in_tuple = encode_term(tuple({term}));
  return {in_tuple.begin() + 2, in_tuple.end()};
}

// Through the general decoder, likewise.
Term general_decoding(ByteView bytes) {
  Bytes in_tuple{tag::small_tuple, 1};
  in_tuple.insert(in_tuple.end(), bytes.begin(), bytes.end());
  return decode_term(scan_whole_term(in_tuple).value()).value().get_if<Tuple>()->elements.at(0);
}

void check_both_ways(const Term& term) {
  CAPTURE(to_text(term, Syntax::erlang));
  Bytes plain{1, 2};
  if (!append_plain(term, plain)) {
    CHECK(plain == Bytes{1, 2});
    CHECK(encode_plain(term, plain).empty());
    return;
  }
  const Bytes bytes(plain.begin() + 2, plain.end());
  Bytes room(bytes.size());
  CHECK(same_bytes(encode_plain(term, room), bytes));
  room.pop_back();
  CHECK(encode_plain(term, room).empty());
  const Bytes canonical_bytes = canonical(scan_whole_term(general_encoding(term)).value()).value();
  CHECK(bytes == canonical_bytes);
  CHECK(decode_plain(ScannedTerm::trusted(bytes)) == term);
}

TEST_CASE("plain: what is written is the canonical encoding, and is read again") {
  constexpr std::int64_t least = std::numeric_limits<std::int32_t>::min();
  constexpr std::int64_t most = std::numeric_limits<std::int32_t>::max();
  for (const std::int64_t value :
       {std::int64_t{0}, std::int64_t{255}, std::int64_t{256}, std::int64_t{-1}, least, most}) {
    check_both_ways(value);
  }
  check_both_ways(atom(""));
  check_both_ways(atom(std::string(atom_characters_max, 'a')));
  check_both_ways(binary(""));
  check_both_ways(binary(std::string(100'000, 'b')));

  Bytes out;
  CHECK_FALSE(append_plain(least - 1, out));
  CHECK_FALSE(append_plain(most + 1, out));
  CHECK_FALSE(append_plain(atom(std::string(atom_characters_max + 1, 'a')), out));
  CHECK_FALSE(append_plain(atom("\xCE\xB1"), out));
  CHECK_FALSE(append_plain(1.5, out));
  CHECK_FALSE(append_plain(list({}), out));
  CHECK(out.empty());
}

TEST_CASE("plain: what OTP writes reads as the general decoder reads it") {
  std::size_t plain = 0;
  for (const auto& term : golden::terms()) {
    CAPTURE(term.name);
    for (const Bytes& encoded : {term.otp25, term.otp26}) {
      const auto read = decode_plain(scan_whole_term(encoded).value());
      if (!read) continue;
      ++plain;
      CHECK(*read == general_decoding(encoded));
    }
  }
  CHECK(plain > 20);
}

TEST_CASE("property: a plain term is written and read as by the general encoder and decoder") {
  CHECK(rc::check([] {
    const Term term = *random_term();
    check_both_ways(term);
    const Bytes encoded = random_encoding(term);
    const auto read = decode_plain(scan_whole_term(encoded).value());
    // Not one assertion with ||: the macro takes the expression apart and reads both sides.
    if (read) RC_ASSERT(*read == general_decoding(encoded));
  }));
}

}  // namespace
}  // namespace groot::ei_codec
