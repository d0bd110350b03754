// A Term tree to external-term bytes, through `ei`.
#pragma once

#include "ei_codec/bytes.hpp"
#include "ei_codec/term.hpp"

namespace groot::ei_codec {

// Appends `term`, without the version byte. Never fails: every Term has an encoding.
void encode_term(const Term& term, Bytes& out);
[[nodiscard]] Bytes encode_term(const Term& term);

}  // namespace groot::ei_codec
