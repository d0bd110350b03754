// Between the terms of a program that embeds the node and the bytes that the store keeps: the gate
// that a peer's terms pass, for its own.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "ei_codec/bytes.hpp"
#include "ei_codec/plain_term.hpp"
#include "ei_codec/result.hpp"
#include "ei_codec/term.hpp"

namespace groot {

using ei_codec::Bytes;
using ei_codec::Term;

// A value as it is stored. A program can put together a Term that is no term (an atom that is not
// UTF-8, a map with a key twice, a fun of arbitrary bytes): an error.
[[nodiscard]] Result<Bytes> value_bytes(const Term& value);
// The same of a key, which is canonical.
[[nodiscard]] Result<Bytes> key_bytes(const Term& key);

// What a term is stored as, for the time of a call: most are short and plain, and take no memory of
// their own.
class Encoded {
 public:
  // `encode` does what is not short and plain.
  Encoded(const Term& term, Result<Bytes> (*encode)(const Term&))
      : bytes_(ei_codec::encode_plain(term, room_)) {
    if (bytes_.empty()) encode_other(term, encode);
  }
  Encoded(const Encoded&) = delete;
  Encoded& operator=(const Encoded&) = delete;

  // Whether it is a term.
  explicit operator bool() const { return !bytes_.empty(); }
  [[nodiscard]] ei_codec::ByteView bytes() const { return bytes_; }
  // Precondition: it is none.
  [[nodiscard]] const Error& error() const { return other_->error(); }

 private:
  void encode_other(const Term& term, Result<Bytes> (*encode)(const Term&));

  std::array<std::uint8_t, 128> room_;
  std::optional<Result<Bytes>> other_;  // where room_ does not hold it
  ei_codec::ByteView bytes_;
};

// decoded, of what is not plain.
[[nodiscard]] std::optional<Term> decoded_other(ei_codec::ByteView bytes);

// What is stored as a term; none where it is deeper than a Term can be.
[[nodiscard]] inline std::optional<Term> decoded(ei_codec::ByteView bytes) {
  std::optional<Term> term = ei_codec::decode_plain(ei_codec::ScannedTerm::trusted(bytes));
  if (!term) term = decoded_other(bytes);
  return term;
}

}  // namespace groot
