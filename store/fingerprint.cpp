#include "store/fingerprint.hpp"

#include <numeric>

#include "ei_codec/result.hpp"
#include "store/fold.hpp"

namespace groot::store {

std::uint64_t fingerprint(const Register& reg, std::uint64_t hash) {
  const Timestamp stamp = reg.stamp();
  // A deadline is a positive number of milliseconds of less than 63 bits; 0 and 1 mean no deadline.
  const std::uint64_t fate = reg.expires_at_ms()
                                 ? static_cast<std::uint64_t>(*reg.expires_at_ms()) << 1
                                 : std::uint64_t{reg.is_tombstone()};
  const std::uint64_t when = stamp.time_ms << 16 | stamp.counter;
  return fold(fold(hash ^ sqrt_2, when ^ sqrt_3) ^ sqrt_5,
              fold(stamp.node_id ^ sqrt_7, fate ^ reg.value_hash() ^ sqrt_2) ^ sqrt_3);
}

std::uint32_t short_fingerprint(std::uint64_t fingerprint, std::uint32_t salt) {
  if (fingerprint == 0) return 0;
  const auto mixed = static_cast<std::uint32_t>(fold(fingerprint ^ sqrt_7, sqrt_5 ^ salt) >> 32);
  return mixed == 0 ? 1 : mixed;
}

std::uint64_t Fingerprints::of(const Prefix& prefix) const {
  invariant(prefix.depth <= bucket_bits, "a range of parts of buckets");
  const auto first = buckets_.begin() + (prefix.bits >> (Prefix::depth_max - bucket_bits));
  return std::accumulate(first, first + (std::ptrdiff_t{1} << (bucket_bits - prefix.depth)),
                         std::uint64_t{0});
}

}  // namespace groot::store
