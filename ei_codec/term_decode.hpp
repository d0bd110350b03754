// Scanned bytes to a Term tree, through `ei`.
#pragma once

#include "ei_codec/result.hpp"
#include "ei_codec/term.hpp"
#include "ei_codec/term_scan.hpp"

namespace groot::ei_codec {

// Errors: too_deep past tree_depth_max, duplicate_key, bad_float.
[[nodiscard]] Result<Term> decode_term(ScannedTerm term);

}  // namespace groot::ei_codec
