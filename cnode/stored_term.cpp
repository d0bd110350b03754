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

std::optional<Term> decoded(ei_codec::ByteView bytes) {
  const ScannedTerm scanned = ScannedTerm::trusted(bytes);
  // decode_term would find the same, and move it once more.
  std::optional<Term> term = ei_codec::decode_plain(scanned);
  if (term) return term;
  if (auto decoded = ei_codec::decode_term(scanned)) term = *std::move(decoded);
  return term;
}

}  // namespace groot
