// The step that the hashes of this layer are made of: 128 bits spread over each other by one
// multiplication, whose halves are folded together.
#pragma once

#include <cstdint>

namespace groot::store {

__extension__ using Wide = unsigned __int128;

// Odd, with about as many ones as zeros: fractional digits of sqrt(2), sqrt(3), sqrt(5), sqrt(7).
inline constexpr std::uint64_t sqrt_2 = 0x6a09e667f3bcc909;
inline constexpr std::uint64_t sqrt_3 = 0xbb67ae8584caa73b;
inline constexpr std::uint64_t sqrt_5 = 0x3c6ef372fe94f82b;
inline constexpr std::uint64_t sqrt_7 = 0xa54ff53a5f1d36f1;

[[nodiscard]] inline std::uint64_t fold(std::uint64_t a, std::uint64_t b) {
  const Wide product = static_cast<Wide>(a) * b;
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

}  // namespace groot::store
