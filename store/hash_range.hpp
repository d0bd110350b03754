// Ranges of the 64-bit hash of the key, which is how two replicas divide what they hold to compare
// it: a trie over the hash's bits, 16 children a node where fingerprints are kept, 4 below, which
// costs the fewest bytes for each bit of the way.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace groot::store {

// Both ends included. Empty ranges do not exist.
struct HashRange {
  std::uint64_t from = 0;
  std::uint64_t to = UINT64_MAX;
  friend bool operator==(const HashRange&, const HashRange&) = default;
};

// Fingerprints are kept for each value of so many first bits.
inline constexpr unsigned bucket_bits = 12;
inline constexpr std::size_t bucket_count = std::size_t{1} << bucket_bits;

// A node of the trie: all hashes whose first `depth` bits are those of `bits`.
struct Prefix {
  static constexpr unsigned depth_max = 32;

  unsigned depth = 0;      // one of those that child() leads to
  std::uint32_t bits = 0;  // those after the first `depth` are 0

  // How many bits longer the prefixes of the children are; 0 for the last depth, which has none.
  [[nodiscard]] unsigned child_bits() const {
    if (depth == depth_max) return 0;
    return depth < bucket_bits ? 4 : 2;
  }
  [[nodiscard]] unsigned child_count() const { return 1U << child_bits(); }
  // Precondition: depth < depth_max, index < child_count().
  [[nodiscard]] Prefix child(unsigned index) const {
    const unsigned deeper = depth + child_bits();
    return {deeper, bits | index << (depth_max - deeper)};
  }
  [[nodiscard]] HashRange range() const {
    const std::uint64_t from = std::uint64_t{bits} << 32;
    return {from, depth == 0 ? UINT64_MAX : from + (UINT64_MAX >> depth)};
  }
  // Whether the trie has such a node.
  [[nodiscard]] bool is_valid() const {
    if (depth > depth_max || (depth < bucket_bits ? depth % 4 : depth % 2) != 0) return false;
    return depth == depth_max || (bits << depth) == 0;
  }
  friend bool operator==(const Prefix&, const Prefix&) = default;
};

}  // namespace groot::store
