// Between the terms of a program that embeds the node and the bytes that the store keeps: the gate
// that a peer's terms pass, for its own.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <utility>

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

// What a term is stored as, for the time of a call: most are short, and take no memory of their
// own.
class Encoded {
 public:
  // `encode` does what is not short and plain.
  Encoded(const Term& term, Result<Bytes> (*encode)(const Term&))
      : bytes_(ei_codec::encode_plain(term, room_)) {
    if (!bytes_.empty()) return;
    auto encoded = encode(term);
    if (!encoded) {
      error_ = encoded.error();
      return;
    }
    long_ = *std::move(encoded);
    bytes_ = long_;
  }
  Encoded(const Encoded&) = delete;
  Encoded& operator=(const Encoded&) = delete;

  [[nodiscard]] const std::optional<Error>& error() const { return error_; }
  [[nodiscard]] ei_codec::ByteView bytes() const { return bytes_; }

 private:
  std::array<std::uint8_t, 128> room_;
  Bytes long_;
  ei_codec::ByteView bytes_;
  std::optional<Error> error_;
};

// What is stored as a term; none where it is deeper than a Term can be.
[[nodiscard]] std::optional<Term> decoded(ei_codec::ByteView bytes);

}  // namespace groot
