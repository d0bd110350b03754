// A Term tree to external-term bytes, through `ei`.
#pragma once

#include "ei_codec/bytes.hpp"
#include "ei_codec/term.hpp"

namespace groot::ei_codec {

// Appends `term`, without the version byte. For terms that were decoded or put together here: one
// that breaks the rules of its type is a bug and aborts.
void encode_term(const Term& term, Bytes& out);
[[nodiscard]] Bytes encode_term(const Term& term);

// For a term that a user put together. Errors: bad_atom, bad_float, bad_identifier, bad_bits;
// too_deep past tree_depth_max; too_large above 2 GiB.
[[nodiscard]] Result<Bytes> encode_checked(const Term& term);

}  // namespace groot::ei_codec
