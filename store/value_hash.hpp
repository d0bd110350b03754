// A hash of a value, for fingerprints. Without a secret: it tells apart values of one key and one
// stamp, which nobody can choose.
#pragma once

#include <cstddef>
#include <cstdint>

#include "ei_codec/bytes.hpp"

namespace groot::store {

// From here on a register keeps the hash of its value instead of hashing it again: 8 bytes, a small
// part of the value.
inline constexpr std::size_t long_value_bytes_min = 256;

// For values below long_value_bytes_min, and for the others.
[[nodiscard]] std::uint64_t hash_short_value(ei_codec::ByteView value);
[[nodiscard]] std::uint64_t hash_long_value(ei_codec::ByteView value);

}  // namespace groot::store
