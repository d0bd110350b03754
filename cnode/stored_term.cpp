#include "cnode/stored_term.hpp"

#include "ei_codec/canonical.hpp"
#include "ei_codec/term_decode.hpp"
#include "ei_codec/term_encode.hpp"
#include "ei_codec/term_scan.hpp"

namespace groot {

using ei_codec::ScannedTerm;

// Through the same gate as what a peer sends, unless it is so plain that there is nothing to get
// wrong.
Result<Bytes> value_bytes(const Term& value) {
  if (Bytes plain; ei_codec::append_plain(value, plain)) return plain;
  auto encoded = ei_codec::encode_checked(value);
  if (!encoded) return encoded.error();
  const auto scanned = ei_codec::scan_whole_term(*encoded);
  if (!scanned) return scanned.error();
  if (auto unique = ei_codec::check_unique_keys(*scanned); !unique) return unique.error();
  return encoded;
}

Result<Bytes> key_bytes(const Term& key) {
  if (Bytes plain; ei_codec::append_plain(key, plain)) return plain;
  const auto encoded = value_bytes(key);
  if (!encoded) return encoded.error();
  return ei_codec::canonical(ScannedTerm::trusted(*encoded));
}

void Encoded::encode_other(const Term& term, Result<Bytes> (*encode)(const Term&)) {
  other_ = encode(term);
  if (*other_) bytes_ = **other_;
}

std::optional<Term> decoded_other(ei_codec::ByteView bytes) {
  auto term = ei_codec::decode_term(ScannedTerm::trusted(bytes));
  if (!term) return std::nullopt;
  return *std::move(term);
}

}  // namespace groot
