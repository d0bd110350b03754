// Bytes that OTP wrote, through every part of the codec.

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "ei_codec/canonical.hpp"
#include "ei_codec/codec_error.hpp"
#include "ei_codec/term_decode.hpp"
#include "ei_codec/term_encode.hpp"
#include "ei_codec/term_reader.hpp"
#include "golden_terms.hpp"

namespace groot::ei_codec {
namespace {

Bytes canonical_of(ByteView bytes) {
  return canonical(*scan_whole_term(bytes)).value();
}

// Terms for which the canonical bytes are not the ones OTP writes: pairs in key order, a positive
// zero, references of at least three words.
bool differs_from_otp(const std::string& name) {
  return name == "float_2" || name == "ref_1" || name == "ref_2" || name.starts_with("map") ||
         name == "register" || name == "update" || name == "state";
}

std::vector<golden::GoldenTerm> terms_of_both() {
  std::vector<golden::GoldenTerm> all = golden::terms();
  const auto& newer = golden::terms_of_otp27();
  all.insert(all.end(), newer.begin(), newer.end());
  return all;
}

bool holds_its_creator(const std::string& name) {
  return name == "fun_local" || name == "fun_free" || name == "fun_nested";
}

}  // namespace

TEST_CASE("golden: the gate accepts what OTP writes, whole and with bytes behind it") {
  for (const auto& term : terms_of_both()) {
    CAPTURE(term.name);
    for (Bytes bytes : {term.otp25, term.otp26}) {
      REQUIRE(scan_whole_term(bytes));
      CHECK(check_unique_keys(*scan_whole_term(bytes)));
      const std::size_t size = bytes.size();
      bytes.push_back(106);
      CHECK(scan_term(bytes)->size() == size);
      CHECK(scan_whole_term(bytes).error().code == codec_errc::trailing_bytes);
      Bytes versioned{131};
      versioned.insert(versioned.end(), bytes.begin(), bytes.end());
      CHECK(scan_versioned_term(versioned)->size() == size);
      CHECK(TermReader(*scan_term(bytes)).take_term().size() == size);
    }
  }
}

TEST_CASE("golden: every strict prefix is truncated") {
  for (const auto& term : terms_of_both()) {
    CAPTURE(term.name);
    for (const Bytes& bytes : {term.otp25, term.otp26}) {
      for (std::size_t size = 0; size < bytes.size(); ++size) {
        const auto scanned = scan_term(ByteView(bytes).first(size));
        REQUIRE_FALSE(scanned);
        REQUIRE(scanned.error().code == codec_errc::truncated);
      }
    }
  }
}

TEST_CASE("golden: both encodings of a term have the same canonical bytes") {
  for (const auto& term : golden::terms()) {
    CAPTURE(term.name);
    const Bytes key = canonical_of(term.otp25);
    CHECK(key == canonical_of(term.otp26));
    CHECK(key == canonical_of(key));
    if (!differs_from_otp(term.name)) CHECK(golden::to_hex(key) == golden::to_hex(term.otp26));
  }
}

TEST_CASE("golden: different terms have different canonical bytes") {
  std::vector<std::pair<Bytes, std::string>> keys;
  for (const auto& term : golden::terms()) keys.emplace_back(canonical_of(term.otp25), term.name);
  std::ranges::sort(keys);
  for (std::size_t i = 1; i < keys.size(); ++i) {
    if (keys[i].first != keys[i - 1].first) continue;
    const std::string names = keys[i - 1].second + " = " + keys[i].second;
    // 0.0 and -0.0; references that differ in trailing zero words: equal in OTP 25, too.
    CHECK((names == "float_1 = float_2" || names == "ref_0 = ref_1"));
  }
}

TEST_CASE("golden: what OTP 25 and OTP 27 make of a term is one term") {
  const auto& older = golden::terms();
  const auto& newer = golden::terms_of_otp27();
  REQUIRE(older.size() == newer.size());
  for (std::size_t i = 0; i < older.size(); ++i) {
    CAPTURE(older[i].name);
    REQUIRE(older[i].name == newer[i].name);
    if (holds_its_creator(older[i].name)) continue;
    for (const Bytes& bytes : {newer[i].otp25, newer[i].otp26}) {
      CHECK(canonical_of(bytes) == canonical_of(older[i].otp25));
    }
    CHECK(*decode_term(*scan_whole_term(older[i].otp25)) ==
          *decode_term(*scan_whole_term(newer[i].otp26)));
  }
}

TEST_CASE("golden: decoding and encoding gives the same term") {
  for (const auto& term : golden::terms()) {
    CAPTURE(term.name);
    const auto decoded = decode_term(*scan_whole_term(term.otp25));
    REQUIRE(decoded);
    CHECK(*decoded == *decode_term(*scan_whole_term(term.otp26)));
    const Bytes encoded = encode_term(*decoded);
    REQUIRE(scan_whole_term(encoded));
    CHECK(canonical_of(encoded) == canonical_of(term.otp25));
    CHECK(*decode_term(*scan_whole_term(encoded)) == *decoded);
  }
}

}  // namespace groot::ei_codec
