// The terms that most keys and values are: integers of 32 bits, atoms, binaries. Read and written
// here without `ei` and without a scratch copy, as these have one encoding that a current OTP
// writes, and it is canonical; a test proves both ways equal to the general one.
#pragma once

#include <optional>
#include <span>

#include "ei_codec/bytes.hpp"
#include "ei_codec/term.hpp"
#include "ei_codec/term_scan.hpp"

namespace groot::ei_codec {

// Appends the canonical encoding of `term`. False, and nothing appended, when the term is of
// another kind or breaks the rules of its kind.
[[nodiscard]] bool append_plain(const Term& term, Bytes& out);

// The same, into `room`, which what is returned lies in. Nothing when it does not fit either.
[[nodiscard]] ByteView encode_plain(const Term& term, std::span<std::uint8_t> room);

// The term, when it is one of these in its canonical encoding. By reference: a copy on the stack,
// made of words and read as a whole, would cost as much as the rest.
[[nodiscard]] std::optional<Term> decode_plain(const ScannedTerm& term);

}  // namespace groot::ei_codec
