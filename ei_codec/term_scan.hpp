// The gate: walks untrusted external-term bytes once, iteratively, before anything else reads them.
//
// No function of `ei` takes a length: a truncated integer reads past the buffer, deep nesting
// overflows the stack, ei_skip_term reports ok past the end. So every byte that came from outside
// passes here first, and only a ScannedTerm, which nothing but this gate can make, is ever handed
// to a decoder.
//
// Accepts exactly the tags that a distribution peer may send us with the flags we advertise and
// that `binary_to_term` accepts (external term format, OTP 25: erl_ext_dist): integers, floats
// (both), atoms (all four), pids, ports, references (old and new), tuples, lists, strings,
// binaries, bit binaries, maps, exported and local funs (NEW_FUN_EXT). Refused: compressed terms
// (80), atom cache references (82), LOCAL_EXT (121), the version byte (131) inside a term.
// Invalid UTF-8 in an atom, an atom over 255 characters and an arity that the remaining bytes
// cannot hold are refused as well, as binary_to_term refuses them.
//
// A map that holds one key twice is well formed as bytes, but a BEAM refuses it and drops the link
// it came over. Finding that out costs a canonical copy of each key, so it is a check of its own,
// check_unique_keys: required before bytes are stored or sent on, needless for an envelope.
//
// Term bytes carry no leading version byte (131) anywhere in this code base; only
// scan_versioned_term, for frames and files, expects one.
#pragma once

#include "ei_codec/bytes.hpp"
#include "ei_codec/limits.hpp"
#include "ei_codec/result.hpp"

namespace groot::ei_codec {

class MessageBuffer;

// Bytes that hold exactly one valid term within the limits. A view: the bytes must outlive it.
class ScannedTerm {
 public:
  [[nodiscard]] ByteView bytes() const { return bytes_; }
  [[nodiscard]] std::size_t size() const { return bytes_.size(); }
  // The buffer that the bytes lie in, when whoever keeps it keeps them; else null: copy them. Terms
  // inside this one lie in the same.
  [[nodiscard]] const MessageBuffer* buffer() const { return buffer_; }
  // Precondition: the bytes lie in `buffer`.
  [[nodiscard]] ScannedTerm inside(const MessageBuffer* buffer) const {
    return ScannedTerm(bytes_, buffer);
  }
  // Vouches for bytes that passed the gate earlier and were kept unchanged (a stored value), or
  // that our own encoder wrote. Never for bytes off a wire.
  [[nodiscard]] static ScannedTerm trusted(ByteView bytes) { return ScannedTerm(bytes); }

 private:
  friend class TermReader;
  friend Result<ScannedTerm> scan_term(ByteView bytes, const ScanLimits& limits);
  explicit ScannedTerm(ByteView bytes, const MessageBuffer* buffer = nullptr)
      : bytes_(bytes), buffer_(buffer) {}
  ByteView bytes_;
  const MessageBuffer* buffer_;
};

// The first term in `bytes`; what follows it is the caller's. Errors: codec_errc.
[[nodiscard]] Result<ScannedTerm> scan_term(ByteView bytes, const ScanLimits& limits = {});

// One term that fills `bytes` to the end.
[[nodiscard]] Result<ScannedTerm> scan_whole_term(ByteView bytes, const ScanLimits& limits = {});

// 131, then the first term. The ScannedTerm starts after the 131.
[[nodiscard]] Result<ScannedTerm> scan_versioned_term(ByteView bytes,
                                                      const ScanLimits& limits = {});

// Fails with duplicate_key where a map anywhere inside holds two keys that are equal as terms.
// One pass, no allocation when there is no map.
[[nodiscard]] Result<void> check_unique_keys(ScannedTerm term);

}  // namespace groot::ei_codec
