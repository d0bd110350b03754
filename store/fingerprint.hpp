// Fingerprints: what two replicas of ours compare instead of their registers. Equal sets of
// registers have equal fingerprints; different ones differ but for one pair in 2^64.
//
// The fingerprint of a set is the sum, mod 2^64, of those of its registers, so that a register can
// be taken out again, and that of a range is the sum of those of its parts. A sum can be forged by
// whoever chooses its terms; peers are trusted with far more than that.
//
// A register's covers all that a merge decides by, the value too: one stamp is one write, but two
// nodes may encode its value differently, and nodes that share an id make two writes of one stamp.
#pragma once

#include <array>
#include <cstdint>

#include "store/hash_range.hpp"
#include "store/register.hpp"

namespace groot::store {

// `hash` is RegisterMap::hash of its key.
[[nodiscard]] std::uint64_t fingerprint(const Register& reg, std::uint64_t hash);

// The fingerprint in 32 bits, for the wire. 0 only for that of no registers. With another `salt`,
// two fingerprints that look alike by chance do so no longer.
[[nodiscard]] std::uint32_t short_fingerprint(std::uint64_t fingerprint, std::uint32_t salt);

// Those of all ranges of bucket_bits bits, kept up to date register by register: 32 KiB.
class Fingerprints {
 public:
  void add(std::uint64_t hash, std::uint64_t fingerprint) { buckets_[bucket(hash)] += fingerprint; }
  void remove(std::uint64_t hash, std::uint64_t fingerprint) {
    buckets_[bucket(hash)] -= fingerprint;
  }
  void clear() { buckets_.fill(0); }

  // Of a range of whole buckets. Precondition: prefix.depth <= bucket_bits.
  [[nodiscard]] std::uint64_t of(const Prefix& prefix) const;
  // Of the bucket that the hash belongs to.
  [[nodiscard]] std::uint64_t of_bucket(std::uint64_t hash) const { return buckets_[bucket(hash)]; }

 private:
  static std::size_t bucket(std::uint64_t hash) { return hash >> (64 - bucket_bits); }

  std::array<std::uint64_t, bucket_count> buckets_{};
};

}  // namespace groot::store
