// Random terms, and random encodings of one term among all those that mean it.
#pragma once

#include <rapidcheck.h>

#include "ei_codec/bytes.hpp"
#include "ei_codec/term.hpp"

namespace groot::ei_codec {

// Terms of every kind, nested up to `depth` levels.
[[nodiscard]] rc::Gen<Term> random_term(int depth = 4);

// A valid encoding of `term`, each tag chosen at random: old and new atoms and identifiers, wide
// integers with leading zeros, lists in pieces, map pairs in any order ...
[[nodiscard]] Bytes random_encoding(const Term& term);

}  // namespace groot::ei_codec

namespace rc {

template <>
struct Arbitrary<groot::ei_codec::Term> {
  static Gen<groot::ei_codec::Term> arbitrary() { return groot::ei_codec::random_term(); }
};

}  // namespace rc
