// One encoding for each term, so that keys are equal as terms exactly when they are equal as bytes.
//
// One term has several valid encodings: atoms with old and new tags, small integers in wide tags,
// byte lists as STRING_EXT or LIST_EXT, map pairs in any order, 0.0 and -0.0 (equal under `=:=` on
// OTP 25 and 26), lists split into several tails, references with trailing zero words. The
// canonical one is what a current OTP writes, with map pairs ordered by their key's canonical
// bytes, and is itself valid to send.
//
// One pair of equal terms stays two keys: local funs that differ only in the process that made
// them, which OTP ignores. Keeping the creator keeps the fun printable and callable as it came.
#pragma once

#include "ei_codec/bytes.hpp"
#include "ei_codec/result.hpp"
#include "ei_codec/term_scan.hpp"

namespace groot::ei_codec {

// Appends the canonical encoding of `term` to `out`; on error `out` is as it was.
// Errors: too_deep past tree_depth_max, duplicate_key.
[[nodiscard]] Result<void> append_canonical(ScannedTerm term, Bytes& out);
[[nodiscard]] Result<Bytes> canonical(ScannedTerm term);

// The same, but what the sender can tell apart stays: the sign of -0.0 (OTP 27 does tell) and the
// number of words of a reference. Fit to decode, not to compare.
[[nodiscard]] Result<void> append_normalized(ScannedTerm term, Bytes& out);

// True when `term` is a list of any form ([] and charlists included): what a stock node's storage
// process dies of when it is a key.
[[nodiscard]] bool is_list(ScannedTerm term);

}  // namespace groot::ei_codec
